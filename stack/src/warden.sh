# Keeps one server, for as long as somebody holds our standard input open.
#
#   sh -c THIS warden FOLDER LOG FAREWELL PROGRAM ARGUMENT…
#
# Wishes come one a line:  start  answers the server's process id;  wait  answers its exit status, once it has ended.
# When the input ends, for whatever reason, the server is killed and the folder removed.
folder=$1 log=$2 farewell=$3
shift 3
server=
while read -r wish; do
    case $wish in
    start)
        "$@" </dev/null >>"$log" 2>&1 &
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
if [ -n "$server" ]; then
    # Stopped first, so that it starts no more children while we read which it has.
    kill -STOP "$server"
    kill -KILL "$server" $(cat "/proc/$server/task/$server/children")
    wait "$server"
fi
eval "$farewell"
# Its children may still be writing their last file.
for try in 1 2 3 4 5; do
    rm -rf -- "$folder" && break
    sleep 0.1
done
