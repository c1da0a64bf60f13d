-- The place of a night among all that were recorded: of one that was run again nothing else says which came last, where it
-- wrote no events.
ALTER TABLE ledger_night ADD COLUMN nth BIGINT NOT NULL DEFAULT 0;
