"""From selected rows to a dataset on disk: licences, plan, entries, shards, and what seals it."""
