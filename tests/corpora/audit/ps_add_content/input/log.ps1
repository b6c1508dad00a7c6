param([string]$LogPath = "logs\events.jsonl")

$event = @{ time = (Get-Date).ToString("o"); name = "start" }
$line = $event | ConvertTo-Json -Compress
Add-Content -Path $LogPath -Value $line
Add-Content -Path "logs\plain.log" -Value "started $name"
