"""Moving rows, exactly once: read in batches, changed, and written with a checkpoint in one
transaction of the target. Below the workflow, and synchronous."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tenuto.teams.migration.moving.checkpoints import Batch as Batch
    from tenuto.teams.migration.moving.loads import Failure as Failure
    from tenuto.teams.migration.moving.loads import Load as Load
    from tenuto.teams.migration.moving.loads import Moved as Moved
    from tenuto.teams.migration.moving.loads import Range as Range
    from tenuto.teams.migration.moving.mover import move as move
    from tenuto.teams.migration.moving.ranges import ranges_of as ranges_of
