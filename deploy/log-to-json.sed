# Makes one JSON object a line of what nginx and supervisord write as text, with the fields of the
# programs' own log. NOW stands for the time, in lines that come without one.

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
s/^nginx: \[\([a-z]*\)\] \(.*\)$/{"timestamp":"NOW","level":"\1","logger":"nginx","message":"\2"}/
t level
# supervisord: 2025-01-31 12:00:00,123 INFO message
s/^\([0-9]\{4\}-[0-9][0-9]-[0-9][0-9]\) \([0-9:]\{8\}\),\([0-9]\{3\}\) \([A-Z]*\) \(.*\)$/{"timestamp":"\1T\2.\3000Z","level":"\4","logger":"supervisord","message":"\5"}/
t level
# appcorectl, and what it calls
s/^appcore: error: \(.*\)$/{"timestamp":"NOW","level":"ERROR","logger":"appcorectl","message":"\1"}/
t level
s/^appcore: \(.*\)$/{"timestamp":"NOW","level":"INFO","logger":"appcorectl","message":"\1"}/
t level
s/^\(appcore-[a-z]*\|render-nginx\): \(.*\)$/{"timestamp":"NOW","level":"ERROR","logger":"\1","message":"\2"}/
t level
s/^\(.*\)$/{"timestamp":"NOW","level":"WARNING","logger":"output","message":"\1"}/

:level
s/^\({"timestamp":"[^"]*","level":"\)\(debug\|DEBG\|TRAC\|BLAT\)"/\1DEBUG"/
s/^\({"timestamp":"[^"]*","level":"\)\(info\|notice\)"/\1INFO"/
s/^\({"timestamp":"[^"]*","level":"\)\(warn\|WARN\)"/\1WARNING"/
s/^\({"timestamp":"[^"]*","level":"\)\(error\|ERRO\)"/\1ERROR"/
s/^\({"timestamp":"[^"]*","level":"\)\(crit\|alert\|emerg\|CRIT\)"/\1CRITICAL"/

# The command is this text and never a message: the line waits in the hold space meanwhile.
/^{"timestamp":"NOW"/{
    x
    s/.*/date -u +%Y-%m-%dT%H:%M:%S.%6NZ/e
    G
    s/^\(.*\)\n{"timestamp":"NOW"/{"timestamp":"\1"/
}
