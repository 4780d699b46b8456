# bash completion for kist. Made from the tables of verbs by "make gen"; do not edit.
# shellcheck shell=bash disable=SC2207

# Words that may follow the words of a command.
__kist_commands() {
	case $1 in
	'' | help) echo ' attach commit container create diff exec export history image images import info inspect kill load login logout logs mount ps pull push rm rmi run save start stop system tag umount unmount untag version wait help ' ;;
	'container') echo ' attach commit create diff exec exists export inspect kill list logs ls mount prune ps rm run start stop umount unmount wait ' ;;
	'image') echo ' diff exists history import inspect list load ls mount prune pull push remove rm save tag tree umount unmount untag ' ;;
	'system') echo ' check df info prune reset ' ;;
	esac
}

# Options of a command; those with = take a value.
__kist_options() {
	case $1 in
	'') echo ' --cgroup-manager= --imagestore= --log-level= --root= --runroot= --storage-driver= --storage-opt= --tmpdir= --help ' ;;
	'attach' | 'container attach') echo ' --detach-keys= -l --latest --no-stdin --sig-proxy --help ' ;;
	'system check') echo ' --authfile= --cert-dir= --creds= -f --force -m= --max= -q --quick -r --repair --tls-verify --help ' ;;
	'commit' | 'container commit') echo ' -a= --author= -c= --change= --config= -f= --format= --iidfile= --include-volumes -m= --message= -p --pause -q --quiet -s --squash --help ' ;;
	'container diff') echo ' --format= -l --latest --help ' ;;
	'container exists') echo ' --help ' ;;
	'container inspect') echo ' -f= --format= -l --latest -s --size --help ' ;;
	'container prune') echo ' --filter= -f --force --help ' ;;
	'create' | 'container create') echo ' --annotation= --authfile= --cap-add= --cap-drop= --cert-dir= --cidfile= --cpu-period= --cpu-quota= -c= --cpu-shares= --cpus= --cpuset-cpus= --cpuset-mems= --creds= --disable-content-trust --entrypoint= -e= --env= --env-file= --env-host -h= --hostname= --init -i --interactive -l= --label= --label-file= --log-driver= -m= --memory= --memory-swap= --name= --network= --no-healthcheck --pids-limit= --privileged --pull= -q --quiet --read-only --replace --rm --security-opt= --stop-signal= --stop-timeout= --tls-verify --tmpfs= -t --tty --unsetenv= --unsetenv-all -u= --user= -v= --volume= -w= --workdir= --arch= --os= --platform= --variant= --retry= --retry-delay= --help ' ;;
	'system df') echo ' --format= -v --verbose --help ' ;;
	'diff') echo ' --format= -l --latest --help ' ;;
	'exec' | 'container exec') echo ' -d --detach --detach-keys= -e= --env= --env-file= -i --interactive -l --latest --privileged -t --tty -u= --user= -w= --workdir= --preserve-fd= --preserve-fds= --help ' ;;
	'export' | 'container export') echo ' -o= --output= --help ' ;;
	'history' | 'image history') echo ' --format= -H --human --no-trunc -q --quiet --help ' ;;
	'image diff') echo ' --format= --help ' ;;
	'image exists') echo ' --help ' ;;
	'image inspect') echo ' -f= --format= --help ' ;;
	'image mount') echo ' -a --all --format= --help ' ;;
	'image prune') echo ' -a --all --build-cache --dry-run --external --filter= -f --force --help ' ;;
	'image tree') echo ' --whatrequires --help ' ;;
	'image unmount' | 'image umount') echo ' -a --all -f --force --help ' ;;
	'images' | 'image ls' | 'image list') echo ' -a --all --digests -f= --filter= --format= --history --no-trunc -n --noheading -q --quiet --sort= --help ' ;;
	'import' | 'image import') echo ' --arch= -c= --change= -m= --message= --os= -q --quiet --variant= --help ' ;;
	'info' | 'system info') echo ' -f= --format= --help ' ;;
	'inspect') echo ' -f= --format= -l --latest -s --size -t= --type= --help ' ;;
	'kill' | 'container kill') echo ' -a --all --cidfile= -l --latest -s= --signal= --help ' ;;
	'load' | 'image load') echo ' -i= --input= -q --quiet --help ' ;;
	'login') echo ' --cert-dir= --get-login -p= --password= --password-stdin --tls-verify -u= --username= -v --verbose --authfile= --compat-auth-file= --help ' ;;
	'logout') echo ' -a --all --authfile= --compat-auth-file= --help ' ;;
	'logs' | 'container logs') echo ' --color -f --follow -l --latest -n --names --since= --tail= -t --timestamps --until= --help ' ;;
	'mount' | 'container mount') echo ' -a --all --format= -l --latest --no-trunc --help ' ;;
	'ps' | 'container ls' | 'container list' | 'container ps') echo ' -a --all --external -f= --filter= --format= -n= --last= -l --latest --no-trunc --noheading --namespace -p --pod -q --quiet -s --size --sort= --sync -w= --watch= --help ' ;;
	'pull' | 'image pull') echo ' -a --all-tags --authfile= --cert-dir= --creds= --disable-content-trust --policy= -q --quiet --tls-verify --arch= --os= --platform= --variant= --retry= --retry-delay= --help ' ;;
	'push' | 'image push') echo ' --authfile= --cert-dir= --compress --compression-format= --compression-level= --creds= --digestfile= --disable-content-trust --force-compression -f= --format= -q --quiet --remove-signatures --tls-verify --retry= --retry-delay= --help ' ;;
	'system reset') echo ' -f --force --help ' ;;
	'rm' | 'container rm') echo ' -a --all --cidfile= --depend --filter= -f --force -i --ignore -l --latest -t= --time= -v --volumes --help ' ;;
	'rmi' | 'image rm' | 'image remove') echo ' -a --all -f --force -i --ignore --no-prune --help ' ;;
	'run' | 'container run') echo ' -a= --attach= -d --detach --detach-keys= --pidfile= --sig-proxy --annotation= --authfile= --cap-add= --cap-drop= --cert-dir= --cidfile= --cpu-period= --cpu-quota= -c= --cpu-shares= --cpus= --cpuset-cpus= --cpuset-mems= --creds= --disable-content-trust --entrypoint= -e= --env= --env-file= --env-host -h= --hostname= --init -i --interactive -l= --label= --label-file= --log-driver= -m= --memory= --memory-swap= --name= --network= --no-healthcheck --pids-limit= --privileged --pull= -q --quiet --read-only --replace --rm --security-opt= --stop-signal= --stop-timeout= --tls-verify --tmpfs= -t --tty --unsetenv= --unsetenv-all -u= --user= -v= --volume= -w= --workdir= --arch= --os= --platform= --variant= --retry= --retry-delay= --preserve-fd= --preserve-fds= --help ' ;;
	'save' | 'image save') echo ' --compress --format= -m --multi-image-archive -o= --output= -q --quiet --uncompressed --help ' ;;
	'start' | 'container start') echo ' --all -a --attach --detach-keys= -f= --filter= -i --interactive -l --latest --sig-proxy --help ' ;;
	'stop' | 'container stop') echo ' -a --all --cidfile= -f= --filter= -i --ignore -l --latest -t= --time= --help ' ;;
	'system prune') echo ' -a --all --build --external --filter= -f --force --volumes --help ' ;;
	'tag' | 'image tag') echo ' --help ' ;;
	'unmount' | 'umount' | 'container unmount' | 'container umount') echo ' -a --all -f --force -l --latest --help ' ;;
	'untag' | 'image untag') echo ' --help ' ;;
	'version') echo ' -f= --format= --help ' ;;
	'wait' | 'container wait') echo ' --condition= --ignore -i= --interval= -l --latest --help ' ;;
	esac
}

# What the value of an option is.
__kist_value() {
	case $1:$2 in
	':--cgroup-manager') echo 'cgroupfs|systemd' ;;
	':--imagestore') echo 'dirs' ;;
	':--log-level') echo 'trace|debug|info|warn|warning|error|fatal|panic' ;;
	':--root') echo 'dirs' ;;
	':--runroot') echo 'dirs' ;;
	':--tmpdir') echo 'dirs' ;;
	'system check:--authfile') echo 'files' ;;
	'system check:--cert-dir') echo 'dirs' ;;
	'commit:--config' | 'container commit:--config') echo 'files' ;;
	'commit:--format' | 'commit:-f' | 'container commit:--format' | 'container commit:-f') echo 'oci|docker' ;;
	'commit:--iidfile' | 'container commit:--iidfile') echo 'files' ;;
	'container diff:--format') echo 'json' ;;
	'create:--authfile' | 'container create:--authfile') echo 'files' ;;
	'create:--cert-dir' | 'container create:--cert-dir') echo 'dirs' ;;
	'create:--cidfile' | 'container create:--cidfile') echo 'files' ;;
	'create:--env-file' | 'container create:--env-file') echo 'files' ;;
	'create:--label-file' | 'container create:--label-file') echo 'files' ;;
	'create:--pull' | 'container create:--pull') echo 'always|missing|newer|never' ;;
	'create:--volume' | 'create:-v' | 'container create:--volume' | 'container create:-v') echo 'files' ;;
	'diff:--format') echo 'json' ;;
	'exec:--env-file' | 'container exec:--env-file') echo 'files' ;;
	'export:--output' | 'export:-o' | 'container export:--output' | 'container export:-o') echo 'files' ;;
	'image diff:--format') echo 'json' ;;
	'images:--sort' | 'image ls:--sort' | 'image list:--sort') echo 'created|id|repository|size|tag' ;;
	'inspect:--type' | 'inspect:-t') echo 'all|container|image' ;;
	'kill:--cidfile' | 'container kill:--cidfile') echo 'files' ;;
	'load:--input' | 'load:-i' | 'image load:--input' | 'image load:-i') echo 'files' ;;
	'login:--cert-dir') echo 'dirs' ;;
	'login:--authfile') echo 'files' ;;
	'login:--compat-auth-file') echo 'files' ;;
	'logout:--authfile') echo 'files' ;;
	'logout:--compat-auth-file') echo 'files' ;;
	'ps:--sort' | 'container ls:--sort' | 'container list:--sort' | 'container ps:--sort') echo 'command|created|id|image|names|runningfor|size|status' ;;
	'pull:--authfile' | 'image pull:--authfile') echo 'files' ;;
	'pull:--cert-dir' | 'image pull:--cert-dir') echo 'dirs' ;;
	'pull:--policy' | 'image pull:--policy') echo 'always|missing|newer|never' ;;
	'push:--authfile' | 'image push:--authfile') echo 'files' ;;
	'push:--cert-dir' | 'image push:--cert-dir') echo 'dirs' ;;
	'push:--compression-format' | 'image push:--compression-format') echo 'gzip|zstd' ;;
	'push:--digestfile' | 'image push:--digestfile') echo 'files' ;;
	'push:--format' | 'push:-f' | 'image push:--format' | 'image push:-f') echo 'oci|v2s2' ;;
	'rm:--cidfile' | 'container rm:--cidfile') echo 'files' ;;
	'run:--pidfile' | 'container run:--pidfile') echo 'files' ;;
	'run:--authfile' | 'container run:--authfile') echo 'files' ;;
	'run:--cert-dir' | 'container run:--cert-dir') echo 'dirs' ;;
	'run:--cidfile' | 'container run:--cidfile') echo 'files' ;;
	'run:--env-file' | 'container run:--env-file') echo 'files' ;;
	'run:--label-file' | 'container run:--label-file') echo 'files' ;;
	'run:--pull' | 'container run:--pull') echo 'always|missing|newer|never' ;;
	'run:--volume' | 'run:-v' | 'container run:--volume' | 'container run:-v') echo 'files' ;;
	'save:--format' | 'image save:--format') echo 'docker-archive|oci-archive|oci-dir|docker-dir' ;;
	'save:--output' | 'save:-o' | 'image save:--output' | 'image save:-o') echo 'files' ;;
	'stop:--cidfile' | 'container stop:--cidfile') echo 'files' ;;
	esac
}

# What a command's operands are.
__kist_operand() {
	case $1 in
	'attach' | 'container attach') echo 'containers' ;;
	'commit' | 'container commit') echo 'containers' ;;
	'container diff') echo 'containers' ;;
	'container exists') echo 'containers' ;;
	'container inspect') echo 'containers' ;;
	'create' | 'container create') echo 'images' ;;
	'diff') echo 'containers' ;;
	'exec' | 'container exec') echo 'containers' ;;
	'export' | 'container export') echo 'containers' ;;
	'history' | 'image history') echo 'images' ;;
	'image diff') echo 'images' ;;
	'image exists') echo 'images' ;;
	'image inspect') echo 'images' ;;
	'image mount') echo 'images' ;;
	'image tree') echo 'images' ;;
	'image unmount' | 'image umount') echo 'images' ;;
	'images' | 'image ls' | 'image list') echo 'images' ;;
	'import' | 'image import') echo 'files' ;;
	'inspect') echo 'containers' ;;
	'kill' | 'container kill') echo 'containers' ;;
	'logs' | 'container logs') echo 'containers' ;;
	'mount' | 'container mount') echo 'containers' ;;
	'pull' | 'image pull') echo 'images' ;;
	'push' | 'image push') echo 'images' ;;
	'rm' | 'container rm') echo 'containers' ;;
	'rmi' | 'image rm' | 'image remove') echo 'images' ;;
	'run' | 'container run') echo 'images' ;;
	'save' | 'image save') echo 'images' ;;
	'start' | 'container start') echo 'containers' ;;
	'stop' | 'container stop') echo 'containers' ;;
	'tag' | 'image tag') echo 'images' ;;
	'unmount' | 'umount' | 'container unmount' | 'container umount') echo 'containers' ;;
	'untag' | 'image untag') echo 'images' ;;
	'wait' | 'container wait') echo 'containers' ;;
	esac
}

# Commands whose options end at the first operand.
__kist_stops() {
	case $1 in
	'create' | 'container create') return 0 ;;
	'exec' | 'container exec') return 0 ;;
	'run' | 'container run') return 0 ;;
	esac
	return 1
}

# Words to choose from for what a table names.
__kist_words() {
	case $1 in
	'') ;;
	files) compopt -o default ;;
	dirs) COMPREPLY=($(compgen -d -- "$cur")) && compopt -o filenames ;;
	*'|'*) COMPREPLY=($(compgen -W "${1//|/ }" -- "$cur")) ;;
	*) COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" "${globals[@]}" __complete "$1" \
		2>/dev/null)" -- "$cur")) ;;
	esac
}

# Reads the words before the cursor into command, globals, operands and option.
__kist_scan() {
	local i word
	for ((i = 1; i < cword; i++)); do
		word=${words[i]}
		if [[ $word == -?* ]]; then
			option=
			[[ $(__kist_options "$command") == *" $word= "* ]] || continue
			option=$word
			[[ ${words[i + 1]} == = ]] && ((i++))
			((i + 1 < cword)) || return
			[[ $command ]] || globals+=("$word" "${words[i + 1]}")
			option=
			((++i))
		elif ((operands == 0)) && [[ $(__kist_commands "$command") == *" $word "* ]]; then
			command=${command:+$command }$word
		else
			((++operands))
		fi
	done
}

_kist() {
	local cur=${COMP_WORDS[COMP_CWORD]} cword=$COMP_CWORD command='' option='' operands=0 options
	local -a words=("${COMP_WORDS[@]}") globals=()
	COMPREPLY=()
	# A colon is part of an image's name, not the end of a word.
	declare -F _get_comp_words_by_ref >/dev/null && _get_comp_words_by_ref -n : cur words cword
	[[ $cur == = ]] && cur=
	__kist_scan
	if [[ $option ]]; then
		__kist_words "$(__kist_value "$command" "$option")"
	elif ((operands > 0)) && __kist_stops "$command"; then
		compopt -o default
	elif [[ $cur == -* ]]; then
		options=$(__kist_options "$command")
		COMPREPLY=($(compgen -W "${options//=/}" -- "$cur"))
	elif ((operands == 0)) && [[ $(__kist_commands "$command") ]]; then
		COMPREPLY=($(compgen -W "$(__kist_commands "$command")" -- "$cur"))
	else
		__kist_words "$(__kist_operand "$command")"
	fi
	declare -F __ltrim_colon_completions >/dev/null && __ltrim_colon_completions "$cur"
}

complete -F _kist kist
