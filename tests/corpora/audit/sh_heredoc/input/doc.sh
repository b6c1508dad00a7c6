cat <<EOF >> audit.log
{"user": "$USER", "at": "$(date +%s)"}
EOF

cat > config.json <<'EOF'
{
  "a": 1
}
EOF

cat >> notes.md <<EOF
plain text, {"not": "json lines"} in prose
EOF

cat >> README.md <<'DOC'
    echo '{"a":1}' >> events.jsonl
DOC
