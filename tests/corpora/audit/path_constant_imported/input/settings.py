import os
BASE = os.path.join("var", "spool")
CRAWL_LOG = os.path.join(BASE, "crawl.ndjson")
