for host in a b c; do
  echo "{\"host\":\"$host\",\"up\":true}"
done > hosts.out

{
  echo "# header"
  date
} > header.txt
