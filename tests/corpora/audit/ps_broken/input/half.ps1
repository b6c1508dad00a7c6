$x | ConvertTo-Json -Compress | Add-Content half.jsonl
function Broken {
  if ($a -eq "unclosed {
