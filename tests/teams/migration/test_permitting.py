"""Who serves others says which databases and files their sessions may name."""

import pytest

import tenuto
from tenuto.teams.migration.options import Options
from tenuto.teams.migration.permitting import check_permitted

FILE = "sqlite:////allowed/old.db"
LISTED = "postgresql://db.internal:5432/new"


def asked(source: str = FILE, target: str = LISTED, **more: str) -> Options:
    return Options(source=source, target=target, **more)  # type: ignore[arg-type]


@pytest.fixture
def _serving(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENUTO_FOLDERS", "/allowed")
    monkeypatch.setenv("TENUTO_MIGRATION_DATABASES", f"{LISTED} mariadb://old.internal/shop")


def test_on_ones_own_machine_everything_may_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TENUTO_FOLDERS", raising=False)

    check_permitted(asked("sqlite:////etc/x.db", "postgresql://me:${HOME}@anywhere/x"))


@pytest.mark.usefixtures("_serving")
@pytest.mark.parametrize(
    ("options", "code"),
    [
        (asked(source="sqlite:////etc/shadow.db"), "folder_not_allowed"),
        (asked(source="csv:////etc"), "folder_not_allowed"),
        (asked(report="/etc/report.html"), "folder_not_allowed"),
        (asked(workload="/etc/passwd"), "folder_not_allowed"),
        (asked(target="postgresql://db.internal:5432/other"), "database_not_allowed"),
        (asked(target="postgresql://db.internal:5433/new"), "database_not_allowed"),
        (asked(target=f"{LISTED}?host=elsewhere"), "database_not_allowed"),
        (asked(target="postgresql://me:${TENUTO_SECRET_KEY}@db.internal:5432/new"), "variable"),
        (asked(target="postgresql://${TENUTO_SECRET_KEY}@db.internal:5432/new"), "variable"),
    ],
)
def test_a_server_lets_sessions_use_what_it_lists_and_no_more(options: Options, code: str) -> None:
    with pytest.raises(tenuto.Fatal) as caught:
        check_permitted(options)

    assert caught.value.code.startswith(code)


@pytest.mark.usefixtures("_serving")
def test_what_a_server_lists_may_be_used() -> None:
    secret = "postgresql://me:${TENUTO_MIGRATION_NEW}@db.internal:5432/new"

    check_permitted(asked(target=secret, report="/allowed/report.html"))
    check_permitted(asked(source="mariadb://reader@old.internal/shop"))
