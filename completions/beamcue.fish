# Completion of beamcue for fish. Commands and options are asked of the program itself.
function __beamcue_commands
    beamcue -h | awk '/^Commands:/ { on = 1; next } /^$/ { on = 0 } on { name = $1; sub(/^ *[^ ]+ +/, ""); print name "\t" $0 }'
end
function __beamcue_options
    set -l words (commandline -opc)
    beamcue $words[2] -h 2>/dev/null | sed -n 's/^  \(--[a-z-]*\).*/\1/p'
end
complete -c beamcue -n __fish_use_subcommand -f -a '(__beamcue_commands)'
complete -c beamcue -n 'not __fish_use_subcommand; and string match -q -- "-*" (commandline -ct)' -a '(__beamcue_options)'
complete -c beamcue -n '__fish_seen_subcommand_from help' -f -a 'train-config simulate-config compare-config'
