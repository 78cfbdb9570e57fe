"""What lists and feeds say of a session."""

from tenuto.core.vocabulary import JsonObject
from tenuto.ports.event_store import Head
from tenuto.views.moments import moment_text


def facts_of(head: Head) -> JsonObject:
    """Return the head for clients: moments as RFC 3339."""
    return {
        "id": head.session,
        "workflow": head.workflow,
        "workflow_version": head.workflow_version,
        "status": head.status,
        "waiting_for": head.waiting_for,
        "waits_for": list(head.waits_for),
        "user": head.user,
        "parent": head.parent,
        "origin": head.origin,
        "origin_version": head.origin_version,
        "key": head.key,
        "started_at": moment_text(head.started_ms),
        "updated_at": moment_text(head.updated_ms),
        "version": head.version,
    }
