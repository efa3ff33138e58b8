# Completion of hetmem(1) for bash. Needs nothing but bash itself.

_hetmem_files() {
    # Directories, and files that end in one of the given ways.
    local current=$1 file ending
    shift
    while IFS= read -r file; do
        if [[ -d $file ]]; then
            COMPREPLY+=("$file")
            continue
        fi
        for ending in "$@"; do
            [[ $file == *"$ending" ]] && COMPREPLY+=("$file")
        done
    done < <(compgen -f -- "$current")
    compopt -o filenames 2>/dev/null
    return 0
}

_hetmem_words() {
    local current=$1
    shift
    # shellcheck disable=SC2207 # none of the words has a space in it
    COMPREPLY=($(compgen -W "$*" -- "$current"))
}

_hetmem_processes() {
    # shellcheck disable=SC2207
    COMPREPLY=($(compgen -W "$(cd /proc && echo [0-9]*)" -- "$1"))
}

_hetmem_memories() {
    # Nodes, devices, kinds.
    # shellcheck disable=SC2207
    COMPREPLY=($(compgen -W "dram hbm pmem cxl device $(
        cd /sys/devices/system/node 2>/dev/null && echo node[0-9]*
        cd /sys/bus/dax/devices 2>/dev/null && echo dax[0-9]*
    )" -- "$1"))
}

_hetmem() {
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local subcommand=${COMP_WORDS[1]-}
    COMPREPLY=()

    if ((COMP_CWORD == 1)); then
        _hetmem_words "$current" show rank run where move watch adopt capture --help --version
        return
    fi
    case $before in
    --run-directory)
        _hetmem_files "$current"
        return
        ;;
    --root)
        if [[ $subcommand == capture ]]; then
            _hetmem_files "$current"
        else
            _hetmem_files "$current" .tar.gz .tgz .tar.bz2 .tar.xz .tar
        fi
        return
        ;;
    --from)
        _hetmem_files "$current" .json
        return
        ;;
    --svg)
        _hetmem_files "$current" .svg
        return
        ;;
    --color)
        _hetmem_words "$current" auto always never
        return
        ;;
    --bind | --prefer | --chain | --interleave | --cpus-near)
        _hetmem_memories "$current"
        return
        ;;
    --by | --best)
        _hetmem_words "$current" read_latency write_latency read_bandwidth write_bandwidth \
            capacity free
        return
        ;;
    --width | --changes | --from-cpu | --from-initiator | --large | --headroom)
        return
        ;;
    esac
    case $subcommand in
    show)
        _hetmem_words "$current" --matrix --json --svg --root --from --ascii --color --width --help
        ;;
    rank)
        _hetmem_words "$current" --by --from-cpu --from-initiator --all --json --root --from --help
        ;;
    run)
        local word
        for ((word = 2; word < COMP_CWORD; ++word)); do
            if [[ ${COMP_WORDS[word]} == -- ]]; then
                # shellcheck disable=SC2207
                COMPREPLY=($(compgen -c -- "$current") $(compgen -f -- "$current"))
                return
            fi
        done
        _hetmem_words "$current" --bind --chain --best --interleave --prefer --hard --large \
            --headroom --cpus-near --verify --verbose --help
        ;;
    where)
        if [[ $current == -* ]]; then
            _hetmem_words "$current" --maps --json --watch --help
        else
            _hetmem_processes "$current"
        fi
        ;;
    move)
        if [[ $current == -* ]]; then
            _hetmem_words "$current" --maps --headroom --json --help
        elif ((COMP_CWORD == 2)); then
            _hetmem_processes "$current"
        else
            _hetmem_memories "$current"
        fi
        ;;
    watch)
        _hetmem_words "$current" --json --changes --help
        ;;
    adopt)
        if [[ $current == -* ]]; then
            _hetmem_words "$current" --evaluate --firmware --run-directory --help
        else
            # shellcheck disable=SC2207
            COMPREPLY=($(compgen -f -- "$current"))
            compopt -o filenames 2>/dev/null
        fi
        ;;
    capture)
        if [[ $current == -* ]]; then
            _hetmem_words "$current" --root --help
        else
            _hetmem_files "$current" .tar.gz .tgz
        fi
        ;;
    esac
}

complete -F _hetmem hetmem
