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
        _hetmem_words "$current" show rank run where move watch adopt table measure check override report capture --help --version
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
    --tables)
        # shellcheck disable=SC2207
        COMPREPLY=($(compgen -f -- "$current"))
        compopt -o filenames 2>/dev/null
        return
        ;;
    --severity)
        _hetmem_words "$current" info warning error
        return
        ;;
    --only | --skip | --explain)
        # shellcheck disable=SC2046
        _hetmem_words "$current" $(hetmem check --list 2>/dev/null | awk '/^  / { print $1 }')
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
    --store)
        _hetmem_words "$current" user machine
        return
        ;;
    --metric)
        _hetmem_words "$current" local_latency random_latency read_bandwidth write_bandwidth \
            nontemporal_write_bandwidth copy_bandwidth nontemporal_copy_bandwidth \
            triad_bandwidth read_2_write_1_bandwidth read_1_write_1_bandwidth
        return
        ;;
    --import)
        _hetmem_files "$current" .json
        return
        ;;
    --width | --changes | --initiator | --buffer | --precision | --budget | --from-cpu | --from-initiator | --large | --headroom)
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
    table)
        if ((COMP_CWORD == 2)); then
            _hetmem_words "$current" decode encode diff build --help
            return
        fi
        if [[ $current != -* ]]; then
            # shellcheck disable=SC2207
            COMPREPLY=($(compgen -f -- "$current"))
            compopt -o filenames 2>/dev/null
            return
        fi
        case ${COMP_WORDS[2]} in
        decode | diff) _hetmem_words "$current" --signature --json --help ;;
        encode) _hetmem_words "$current" --output --help ;;
        build) _hetmem_words "$current" --output --set --from --root --tables --json --help ;;
        esac
        ;;
    check)
        _hetmem_words "$current" --root --tables --kernel --only --skip --severity --json --list \
            --markdown --explain --help
        ;;
    measure)
        if [[ $current == -* ]]; then
            _hetmem_words "$current" --initiator --metric --quick --curves --destroy-contents \
                --buffer --allow-cached --precision --budget --json --width --no-store --store --import \
                --forget --list --help
        else
            _hetmem_memories "$current"
        fi
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
    override)
        if [[ $current == -* ]]; then
            _hetmem_words "$current" --hmat --build --slit --srat --allow-srat --output --install \
                --remove --status --yes --force --keep-oem --kernel --with --root --json --help
        else
            # shellcheck disable=SC2207
            COMPREPLY=($(compgen -f -- "$current"))
            compopt -o filenames 2>/dev/null
        fi
        ;;
    report)
        _hetmem_words "$current" --output --root --from --no-check --help
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
