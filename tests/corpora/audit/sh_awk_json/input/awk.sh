ps aux | awk '{printf "{\"cpu\":%s}\n", $3}' >> cpu.log
ps aux | awk '{print $3}' >> cpu.txt
git log --pretty=format:'{"commit":"%H","at":"%aI"}' > commits.jsonl
