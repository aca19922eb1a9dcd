"""What people at the stores count and are asked to look at, as their boxes have told it; read here, done there."""

from typing import Any

from cloud_hub.domain.permissions import Principal
from cloud_hub.errors import NotFound
from cloud_hub.storage import stocktake_list, task_list
from cloud_hub.storage.reads import Reads
from cloud_hub.storage.stocktake_list import CountLine, Stocktake, StocktakeFilter
from cloud_hub.storage.task_list import Task, TaskFilter

__all__ = ["CountLine", "Stocktake", "StocktakeFilter", "StoreWork", "Task", "TaskFilter"]
Before = tuple[int, str] | None


class StoreWork:
    """The use cases of whoever looks at stocktakes and tasks."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def stocktakes(self, wanted: StocktakeFilter, before: Before, skip: int, limit: int) -> list[Stocktake]:
        """Stocktakes, newest first."""
        return await self._reads.run(stocktake_list.list_newest, wanted, before, skip, limit)

    async def stocktake(self, stocktake_id: str, who: Principal) -> Stocktake:
        """Raises NotFound; Forbidden when it is of another's site."""
        found = await self._reads.run(stocktake_list.find, stocktake_id)
        if found is None:
            raise NotFound("stocktake", "no such stocktake")
        who.require_site(found.site_id)
        return found

    async def lines(
        self, stocktake_id: str, filters: dict[str, Any], before: Before, skip: int, limit: int, who: Principal
    ) -> list[CountLine]:
        """Lines of one, the last counted first. Raises as `stocktake`."""
        found = await self.stocktake(stocktake_id, who)
        return await self._reads.run(stocktake_list.list_lines, found, filters, before, skip, limit)

    async def tasks(self, wanted: TaskFilter, before: Before, skip: int, limit: int) -> list[Task]:
        """Tasks, newest first."""
        return await self._reads.run(task_list.list_newest, wanted, before, skip, limit)
