function Write-Event {
    param(
        [Parameter(Mandatory)] [string] $Path,
        [hashtable] $Data
    )
    $Data | ConvertTo-Json -Compress | Add-Content -LiteralPath $Path
}

Write-Event -Path "data/a.jsonl" -Data @{ a = 1 }
Write-Event "data/b.jsonl" @{ b = 2 }
