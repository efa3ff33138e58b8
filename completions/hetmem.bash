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

_hetmem() {
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local subcommand=${COMP_WORDS[1]-}
    COMPREPLY=()

    if ((COMP_CWORD == 1)); then
        _hetmem_words "$current" show rank capture --help --version
        return
    fi
    case $before in
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
    --by)
        _hetmem_words "$current" read_latency write_latency read_bandwidth write_bandwidth \
            capacity free
        return
        ;;
    --width | --from-cpu | --from-initiator)
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
