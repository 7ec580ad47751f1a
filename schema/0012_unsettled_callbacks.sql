-- The callbacks of an installation or instance that are not settled, without its other callbacks: the index has the
-- order too, for which SQLite would otherwise go through the whole log of the installation.

DROP INDEX callbacks_unsettled;
CREATE INDEX callbacks_unsettled ON callbacks (installation, instance, action_request, id) WHERE settled = 0;
