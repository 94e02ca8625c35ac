"""Fixtures for all tests."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("steady", derandomize=True, deadline=None)
settings.load_profile("steady")  # the same examples in every run

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_models() -> Path:
    """Directory of large test models that are not in the repository; skips where they are absent."""
    folder = Path(os.environ.get("FABTHREAD_SHARED_MODELS") or REPOSITORY.parent / "shared" / "models")
    if not folder.is_dir():
        pytest.skip("no shared models here (set FABTHREAD_SHARED_MODELS to their directory)")
    return folder


@pytest.fixture(scope="session")
def sample_models() -> Path:
    """Directory of the small models that come with the repository."""
    return REPOSITORY / "sample_models"
