case "$1" in
  start|up)
    echo '{"event":"start"}' >> life.jsonl ;;
  stop)
    if [[ -n "${2:-}" ]]; then
      echo "{\"event\":\"stop\",\"why\":\"$2\"}" >> life.jsonl
    fi
    ;;
  *)
    echo "usage: $0 {start|stop}" >&2
    exit 1
    ;;
esac
