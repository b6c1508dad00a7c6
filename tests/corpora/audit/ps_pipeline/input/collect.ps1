Get-Process | ForEach-Object {
    $_ | Select-Object Name, Id | ConvertTo-Json -Compress | Add-Content -Path "$PSScriptRoot\procs.ndjson"
}
Get-Service | ConvertTo-Json | Out-File services.json
@{ a = 1 } | ConvertTo-Json -Compress | Out-File -Append -FilePath state.log -Encoding utf8
@{ a = 1 } | ConvertTo-Json -Compress >> more.log
