entry=$(jq -nc --arg s "$STATUS" '{status: $s}')
echo "$entry" >> "$HOME/.tool/history"
line="plain $STATUS"
echo "$line" >> "$HOME/.tool/plain"
