$path = Join-Path $env:APPDATA "tool/history.jsonl"
$json = ConvertTo-Json -InputObject $entry -Compress -Depth 5
[System.IO.File]::AppendAllText($path, $json + "`n")
[IO.File]::AppendAllText("trace.txt", "plain`n")
$writer = [System.IO.StreamWriter]::new("out\rows.data", $true)
$writer.WriteLine(($row | ConvertTo-Json -Compress))
$writer.Close()
