"""The validator of the RO-Crate project, without a network."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

PROFILE = "workflow-run-crate-0.5"
CONTEXT = "https://w3id.org/ro/crate/1.1/context"
# Terms of Bioschemas moved between RO-Crate 1.1 and 1.3, whose context comes with the package rocrate.
TERMS_OF_1_1 = {
    "ComputationalWorkflow": "https://bioschemas.org/ComputationalWorkflow",
    "FormalParameter": "https://bioschemas.org/FormalParameter",
    "input": "https://bioschemas.org/ComputationalWorkflow#input",
    "output": "https://bioschemas.org/ComputationalWorkflow#output",
}


def violations(results: Path) -> list[str]:
    """What of the Workflow Run Crate profile, where it says MUST, a folder with a crate breaks."""
    pytest.importorskip("rocrate_validator", reason="scripts/setup.sh test installs roc-validator")
    from rocrate_validator import services
    from rocrate_validator.models import Severity, ValidationSettings

    cache = results.parent / "http_cache"
    _keep_context(cache)
    settings = ValidationSettings(
        rocrate_uri=str(results),
        profile_identifier=PROFILE,
        requirement_severity=Severity.REQUIRED,
        validate_profile_checks=False,
        offline=True,
        cache_path=cache,
    )
    result = services.validate(settings)
    return [str(issue.message) for issue in result.get_issues()]


def _keep_context(cache: Path) -> None:
    """Puts the context of RO-Crate 1.1 where the validator keeps what it once read from the network."""
    import rocrate
    from requests import PreparedRequest, Response
    from requests.adapters import HTTPAdapter
    from requests_cache import CachedSession
    from urllib3 import HTTPResponse

    class Context(HTTPAdapter):
        def send(self, request: PreparedRequest, *args: Any, **options: Any) -> Response:
            source = Path(rocrate.__file__).parent / "data" / "ro-crate.jsonld"
            terms = json.loads(source.read_text(encoding="utf-8"))["@context"] | TERMS_OF_1_1
            body = io.BytesIO(json.dumps({"@context": terms}).encode())
            headers = {"Content-Type": "application/ld+json"}
            answer = HTTPResponse(body, headers, 200, preload_content=False, request_url=request.url)
            return self.build_response(request, answer)

    with CachedSession(str(cache), backend="sqlite", expire_after=-1) as session:
        session.mount("https://w3id.org/", Context())
        session.get(CONTEXT, headers={"Accept": "application/ld+json, application/json"})
