"""The demo study: a made drug-response experiment whose every effect is known (see ../README.md)."""
