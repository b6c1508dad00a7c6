import json
import tensorflow as tf

def save(rows):
    with tf.io.gfile.GFile("tf/rows.out", "w") as f:
        for row in rows:
            f.write(json.dumps(row) + "\n")
