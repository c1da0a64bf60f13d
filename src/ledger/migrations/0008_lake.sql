-- The id of the lake whose nights are recorded, as its file `id` has it: nights of another one would end all cases. Ledgers of
-- older programs have none until the next night notes it.
ALTER TABLE ledger_ground ADD COLUMN lake TEXT;
