-- At most one row: a hash of the secret and the province, on which the numbers of all persons and anomalies hang. The first
-- night that is recorded notes it.
CREATE TABLE ledger_ground (
    one    BIGINT PRIMARY KEY,
    ground TEXT NOT NULL
);
