-- One row: which fold the rows of case_state were made by. A newer program brings them up to date.
CREATE TABLE ledger_fold (
    one  BIGINT PRIMARY KEY,
    fold BIGINT NOT NULL
);
INSERT INTO ledger_fold (one, fold) VALUES (1, 1);
