# Completion of beamcue for bash. Commands and options are asked of the program itself, so they are always those of the one installed.
_beamcue() {
    local program=$1 word=$2 before=$3 command=${COMP_WORDS[1]-}
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W "$("$program" -h | awk '/^Commands:/ { on = 1; next } /^$/ { on = 0 } on { print $1 }')" -- "$word")
        [[ $word != -* ]] || mapfile -t COMPREPLY < <(compgen -W '--help --version' -- "$word")
        return
    fi
    if [[ $command == help ]]; then
        mapfile -t COMPREPLY < <(compgen -W "train-config simulate-config compare-config $("$program" -h |
            awk '/^Commands:/ { on = 1; next } /^$/ { on = 0 } on { print $1 }')" -- "$word")
        return
    fi
    case $before in
    --metric) mapfile -t COMPREPLY < <(compgen -W 'top_1 top_2 top_3 top_5 dba mpr loss_db power_loss_db rss_db' -- "$word") ;;
    --set | --top | --rate | --deadline | --delay | --hold | --carry | --least | --fault | --instants | --seed | --runs | --warmup | --position | --scenario | --rsu | --radar-pose | --threads | --stream) ;;
    --new-site | --site | --init | --data) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    --pictures) mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
    --shots) ;;
    --weights) mapfile -t COMPREPLY < <(compgen -W 'f32 bf16 int8' -- "$word") ;;
    --missing) mapfile -t COMPREPLY < <(compgen -W 'camera lidar radar gps' -- "$word") ;;
    --memory) mapfile -t COMPREPLY < <(compgen -W 'fast small' -- "$word") ;;
    --out) mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
    --html | --svg | --replay | --tracker | --compressed | --beams | --static-lidar | --predictions | --submit | --camera | --lidar | --radar) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    *)
        if [[ $word == -* ]]; then
            mapfile -t COMPREPLY < <(compgen -W "$("$program" "$command" -h 2>/dev/null | sed -n 's/^  \(--[a-z-]*\).*/\1/p')" -- "$word")
        else
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
        fi
        ;;
    esac
}
complete -o filenames -F _beamcue beamcue
