# Keeps one server, for as long as somebody holds our standard input open.
#
#   sh -c THIS warden FOLDER LOG FAREWELL PROGRAM ARGUMENT…
#
# Wishes come one a line:  start  answers the server's process id;  wait  answers its exit status, once it has ended.
# When the input ends, for whatever reason, the server is killed and the folder removed.

# Only the end of the input ends us. Not a broken pipe, when whoever asked is dead before we answer; nor the SIGHUP
# that the kernel sends to a group without parents that has a frozen process.
trap '' HUP INT PIPE TERM
folder=$1 log=$2 farewell=$3
shift 3
server=
while read -r wish; do
    case $wish in
    start)
        (trap - HUP INT PIPE TERM; exec "$@") </dev/null >>"$log" 2>&1 &
        server=$!
        echo "$server"
        ;;
    wait)
        wait "$server"
        echo "$?"
        server=
        ;;
    esac
done
eval "$farewell"
if [ -n "$server" ]; then
    # Stopped first, so that it starts no more children while we read which it has.
    kill -STOP "$server"
    kill -KILL "$server" $(cat "/proc/$server/task/$server/children")
    wait "$server"
fi
# Its children may still be writing their last file.
for try in 1 2 3 4 5; do
    rm -rf -- "$folder" && break
    sleep 0.1
done
