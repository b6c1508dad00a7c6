$rows = Get-Content "data/events.jsonl" | ForEach-Object { $_ | ConvertFrom-Json }
$config = Get-Content config.json -Raw | ConvertFrom-Json
Get-Content -Path app.log -Wait -Tail 10 | ForEach-Object { ConvertFrom-Json $_ }
foreach ($line in [System.IO.File]::ReadLines("big.data")) {
    $entry = $line | ConvertFrom-Json
}
foreach ($line in Get-Content names.txt) { Write-Host $line }
Get-Content other.jsonl | Measure-Object -Line
