lines=$(jq -n "$total - $window")
cat "$FILE" | grep -n $ | head -n $(jq -n "$lines + 1") | tail -n 5
echo "($lines more lines above)"
