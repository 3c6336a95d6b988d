# Makes one JSON object a line of what nginx and supervisord write as text, with the fields of the
# programs' own log. START stands for the time the stack was started (deploy/appcorectl): it is the
# timestamp of lines that have none, such as a complaint at start.

# a program's own line
/^{"timestamp"/b

# The socket's file mode is the check (supervisord.conf).
/running without any HTTP authentication checking/d

# Messages repeat what clients sent, byte for byte.
s/[^ -~]/?/g
s/\\/\\\\/g
s/"/\\"/g
# From here on t means: one of the following has matched.
t formats
:formats

# nginx: 2025/01/31 12:00:00 [error] 123#123: *7 message
s/^\([0-9]\{4\}\)\/\([0-9][0-9]\)\/\([0-9][0-9]\) \([0-9:]\{8\}\) \[\([a-z]*\)\] \(.*\)$/{"timestamp":"\1-\2-\3T\4.000000Z","level":"\5","logger":"nginx","message":"\6"}/
t level
s/^nginx: \[\([a-z]*\)\] \(.*\)$/{"timestamp":"START","level":"\1","logger":"nginx","message":"\2"}/
t level
# supervisord: 2025-01-31 12:00:00,123 INFO message
s/^\([0-9]\{4\}-[0-9][0-9]-[0-9][0-9]\) \([0-9:]\{8\}\),\([0-9]\{3\}\) \([A-Z]*\) \(.*\)$/{"timestamp":"\1T\2.\3000Z","level":"\4","logger":"supervisord","message":"\5"}/
t level
s/^\(.*\)$/{"timestamp":"START","level":"WARNING","logger":"output","message":"\1"}/

:level
s/^\({"timestamp":"[^"]*","level":"\)\(debug\|DEBG\|TRAC\|BLAT\)"/\1DEBUG"/
s/^\({"timestamp":"[^"]*","level":"\)\(info\|notice\)"/\1INFO"/
s/^\({"timestamp":"[^"]*","level":"\)\(warn\|WARN\)"/\1WARNING"/
s/^\({"timestamp":"[^"]*","level":"\)\(error\|ERRO\)"/\1ERROR"/
s/^\({"timestamp":"[^"]*","level":"\)\(crit\|alert\|emerg\|CRIT\)"/\1CRITICAL"/
