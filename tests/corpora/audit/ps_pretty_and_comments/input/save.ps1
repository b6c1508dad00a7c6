# Add-Content events.jsonl ($e | ConvertTo-Json -Compress)
<#
  $e | ConvertTo-Json -Compress | Add-Content events.jsonl
#>
$config | ConvertTo-Json -Depth 10 | Set-Content config.json
$config | ConvertTo-Json | Add-Content dump.txt
Write-Host ($e | ConvertTo-Json -Compress)
"use Add-Content events.jsonl" | Tee-Object -FilePath session.log -Append
Remove-Item events.jsonl
if (Test-Path events.jsonl) { Move-Item events.jsonl old.jsonl }
$help = @"
$e | ConvertTo-Json -Compress | Add-Content events.jsonl
"@
