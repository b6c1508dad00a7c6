DECISIONS = "out/decisions.log"
