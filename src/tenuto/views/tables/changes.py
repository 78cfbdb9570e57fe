"""Changes of rows, as the events of one commit of a session make them."""

from tenuto.core.session.state import SessionState
from tenuto.core.tables import Change, Row
from tenuto.core.vocabulary import TaskNo, effect_id


class Changes:
    """What has been changed so far: `made`. `state` says whose rows they are."""

    def __init__(self, state: SessionState) -> None:
        self._state = state
        self.made: list[Change] = []

    def of_session(self, values: Row, *, whole: bool) -> None:
        """Make the session's row, or change columns of it."""
        key = (self._state.session,)
        self.made.append(Change(table="agent_sessions", key=key, values=values, whole=whole))

    def put_task(self, no: TaskNo, values: Row) -> None:
        """Make a task's row; columns that `values` does not name are empty."""
        state = self._state
        row: Row = {
            "id": effect_id(state.session, no),
            "tenant": state.tenant,
            "session_id": state.session,
            "number": no,
            "agent_id": None,
            "parent_task_id": None,
            "input_data": None,
            "output_data": None,
            "priority": 0,
            "retry_count": 0,
            "completed_at": None,
            "error_message": None,
            **values,
        }
        key = (effect_id(state.session, no),)
        self.made.append(Change(table="agent_tasks", key=key, values=row, whole=True))

    def amend_task(self, no: TaskNo, values: Row) -> None:
        """Change columns of a task's row."""
        key = (effect_id(self._state.session, no),)
        self.made.append(Change(table="agent_tasks", key=key, values=values, whole=False))
