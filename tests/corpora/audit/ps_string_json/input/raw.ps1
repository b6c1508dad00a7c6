$stamp = Get-Date -Format "yyyy-MM-dd"
Add-Content "logs/run-$stamp.log" "{`"step`":`"$Step`",`"ok`":true}"
Add-Content "logs/text-$stamp.log" "{$Step} done"
