"""DESIGN_CONTRASTS: which samples count, which model and contrasts they answer.

`rxpress.contrasts` puts it together: samples pass `gates` and get `responses` and `conditions`; contrasts are
planned by `contrast_families`, `parents`, `patients` and `contrast_requests` (as `planned_contrasts`), then
held against the kept samples by `contrast_judgement`. The result is a `study_design` of `study_model`s.
"""
