complete -c plasmd -a '(plasmd __complete (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
