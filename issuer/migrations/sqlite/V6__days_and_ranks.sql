-- So that sums of days that are over can be dropped.
CREATE INDEX spent_day ON spent (day);
