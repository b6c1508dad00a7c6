import json

out = open('dump.data', 'w')
for row in rows():
    print >>out, json.dumps(row)
out.close()
print "wrote it"
