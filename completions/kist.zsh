#compdef kist
# zsh completion for kist. Made from the tables of verbs by "make gen"; do not edit.

# Names that kist itself knows: images, containers (the last argument).
_kist_names() {
	local -a names
	names=(${(f)"$(kist __complete $@[-1] 2>/dev/null)"})
	compadd -a names
}

_kist_is_group() {
	case $1 in
	'container') return 0 ;;
	'image') return 0 ;;
	'system') return 0 ;;
	esac
	return 1
}

_kist_commands() {
	local -a commands
	case $1 in
	'')
		commands=(
			'attach:Attach to a running container'
			'commit:Make an image of what a container changed'
			'container:Manage containers'
			'create:Create a container without starting it'
			'diff:Show what a container or an image'\''s top layer changed'
			'exec:Run a command in a running container'
			'export:Write a container'\''s file system as a tar'
			'history:Show how an image was made'
			'image:Manage images'
			'images:List images of the store'
			'import:Make an image from a tar of a file system'
			'info:Show the host, the store and the configuration'
			'inspect:Show all that is known of containers and images'
			'kill:Send a signal to running containers'
			'load:Load images from an archive or directory'
			'login:Check and keep credentials for a registry'
			'logout:Forget credentials for a registry'
			'logs:Show what containers wrote'
			'mount:Show where the files of containers are, or list the mounts'
			'ps:List containers'
			'pull:Pull images from a registry, directory or archive'
			'push:Push an image to a registry, directory or archive'
			'rm:Remove containers'
			'rmi:Remove images'
			'run:Run a command in a new container'
			'save:Save images to an archive or directory'
			'start:Start containers that were created or have ended'
			'stop:Stop containers'
			'system:Manage kist'
			'tag:Give an image further names'
			'umount:Unmount containers'
			'unmount:Unmount containers'
			'untag:Take names from an image'
			'version:Show the version'
			'wait:Wait for containers to end and print their exit codes'
		)
		;;
	'container')
		commands=(
			'attach:Attach to a running container'
			'commit:Make an image of what a container changed'
			'create:Create a container without starting it'
			'diff:Show what a container changed'
			'exec:Run a command in a running container'
			'exists:Tell by exit code 0 or 1 whether there is a container'
			'export:Write a container'\''s file system as a tar'
			'inspect:Show all that is known of containers'
			'kill:Send a signal to running containers'
			'list:List containers'
			'logs:Show what containers wrote'
			'ls:List containers'
			'mount:Show where the files of containers are, or list the mounts'
			'prune:Remove all containers that do not run'
			'ps:List containers'
			'rm:Remove containers'
			'run:Run a command in a new container'
			'start:Start containers that were created or have ended'
			'stop:Stop containers'
			'umount:Unmount containers'
			'unmount:Unmount containers'
			'wait:Wait for containers to end and print their exit codes'
		)
		;;
	'image')
		commands=(
			'diff:Show what an image'\''s top layer changed'
			'exists:Tell by exit code 0 or 1 whether an image is in the store'
			'history:Show how an image was made'
			'import:Make an image from a tar of a file system'
			'inspect:Show all that is known of images'
			'list:List images of the store'
			'load:Load images from an archive or directory'
			'ls:List images of the store'
			'mount:Mount the files of images, or list the mounts'
			'prune:Remove images that nobody needs'
			'pull:Pull images from a registry, directory or archive'
			'push:Push an image to a registry, directory or archive'
			'remove:Remove images'
			'rm:Remove images'
			'save:Save images to an archive or directory'
			'tag:Give an image further names'
			'tree:Show the layers of an image'
			'umount:Unmount images'
			'unmount:Unmount images'
			'untag:Take names from an image'
		)
		;;
	'system')
		commands=(
			'check:Check the store for damage, and repair it'
			'df:Show what takes how much of the disk'
			'info:Show the host, the store and the configuration'
			'prune:Remove stopped containers and images that nobody needs'
			'reset:Remove all containers, images and the store itself'
		)
		;;
	esac
	_describe -t commands command commands
}

_kist_command() {
	case $1 in
	'attach' | 'container attach')
		_arguments -s -S \
			'--detach-keys=[Keys that detach]:KEYS: ' \
			'(-l --latest)'{-l,--latest}'[The newest container]' \
			'--no-stdin[Do not attach standard input]' \
			'--sig-proxy[Pass signals on to the container]' \
			'--help[Show help]' \
			'*:name:_kist_names containers'
		;;
	'system check')
		_arguments -s -S \
			'--authfile=[File with credentials, for --repair]:PATH:_files' \
			'--cert-dir=[Certificates of the registry, for --repair]:DIR:_files -/' \
			'--creds=[Credentials for the registry, for --repair]:USER\[\:PASSWORD\]: ' \
			'(-f --force)'{-f,--force}'[With --repair\: also remove what a registry that does not answer may still have, and other tools'\'' dangling containers]' \
			'(-m --max)'{-m+,--max=}'[Age from which layers that no image has are in the way (24h)]:DURATION: ' \
			'(-q --quick)'{-q,--quick}'[Do not read what is in the layers]' \
			'(-r --repair)'{-r,--repair}'[Put right what is wrong]' \
			'--tls-verify[Require https and check certificates, for --repair]' \
			'--help[Show help]'
		;;
	'commit' | 'container commit')
		_arguments -s -S \
			'(-a --author)'{-a+,--author=}'[Author of the image]:NAME: ' \
			'*'{-c+,--change=}'[Change the configuration, as in a Dockerfile\: CMD, ENV, LABEL, USER]:INSTRUCTION: ' \
			'--config=[JSON file with configuration that is laid over the container'\''s]:FILE:_files' \
			'(-f --format)'{-f+,--format=}'[Format of the manifest]:FORMAT:(oci docker)' \
			'--iidfile=[Write the image'\''s ID to this file]:FILE:_files' \
			'--include-volumes[What is mounted into the container is a volume of the image]' \
			'(-m --message)'{-m+,--message=}'[Comment (docker'\''s format only)]:TEXT: ' \
			'(-p --pause)'{-p,--pause}'[Pause the container meanwhile]' \
			'(-q --quiet)'{-q,--quiet}'[Print the ID only, as without it]' \
			'(-s --squash)'{-s,--squash}'[One layer with all files, the image'\''s included]' \
			'--help[Show help]' \
			'*:name:_kist_names containers'
		;;
	'container diff')
		_arguments -s -S \
			'--format=[Another form of output]:FORMAT:(json)' \
			'(-l --latest)'{-l,--latest}'[The container created last]' \
			'--help[Show help]' \
			'*:name:_kist_names containers'
		;;
	'container exists')
		_arguments -s -S \
			'--help[Show help]' \
			'*:name:_kist_names containers'
		;;
	'container inspect')
		_arguments -s -S \
			'(-f --format)'{-f+,--format=}'[Go template, or json]:TEMPLATE: ' \
			'(-l --latest)'{-l,--latest}'[The newest container]' \
			'(-s --size)'{-s,--size}'[Show sizes]' \
			'--help[Show help]' \
			'*:name:_kist_names containers'
		;;
	'container prune')
		_arguments -s -S \
			'*--filter=[Only what matches\: until=TIME, label=KEY\[=VALUE\], label!=KEY\[=VALUE\]]:KEY=VALUE: ' \
			'(-f --force)'{-f,--force}'[Do not ask]' \
			'--help[Show help]'
		;;
	'create' | 'container create')
		_arguments -s -S \
			'*--annotation=[Set an annotation]:KEY=VALUE: ' \
			'--authfile=[File with credentials]:PATH:_files' \
			'*--cap-add=[Add a capability, or ALL]:CAP: ' \
			'*--cap-drop=[Drop a capability, or ALL]:CAP: ' \
			'--cert-dir=[Certificates of the registry]:DIR:_files -/' \
			'--cidfile=[Write the container'\''s ID to this file]:FILE:_files' \
			'--cpu-period=[Length of a CPU quota'\''s period]:US: ' \
			'--cpu-quota=[CPU time in each period]:US: ' \
			'(-c --cpu-shares)'{-c+,--cpu-shares=}'[CPU weight against other containers]:N: ' \
			'--cpus=[Number of CPUs, such as 1.5]:N: ' \
			'--cpuset-cpus=[CPUs to run on, such as 0-2,4]:LIST: ' \
			'--cpuset-mems=[Memory nodes to use]:LIST: ' \
			'--creds=[Credentials for the registry]:USER\[\:PASSWORD\]: ' \
			'--disable-content-trust[As docker without its content trust\: has no effect, there is none]' \
			'--entrypoint=[Replace the image'\''s entrypoint; text or a JSON list]:COMMAND: ' \
			'*'{-e+,--env=}'[Set an environment variable]:NAME\[=VALUE\]: ' \
			'*--env-file=[Read environment variables from a file]:FILE:_files' \
			'--env-host[Set all environment variables that we have]' \
			'(-h --hostname)'{-h+,--hostname=}'[The container'\''s host name]:NAME: ' \
			'--init[Run an init that forwards signals and reaps processes]' \
			'(-i --interactive)'{-i,--interactive}'[Keep standard input open]' \
			'*'{-l+,--label=}'[Set a label]:KEY=VALUE: ' \
			'*--label-file=[Read labels from a file]:FILE:_files' \
			'--log-driver=[Where output is kept\: k8s-file, none]:DRIVER: ' \
			'(-m --memory)'{-m+,--memory=}'[Memory limit, such as 512m]:BYTES: ' \
			'--memory-swap=[Memory and swap limit, -1\: no limit]:BYTES: ' \
			'--name=[The container'\''s name]:NAME: ' \
			'--network=[none, host or private]:MODE: ' \
			'--no-healthcheck[Leave out healthchecks\: has no effect, there are none]' \
			'--pids-limit=[Limit of processes, -1\: no limit]:N: ' \
			'--privileged[Give all rights and devices that we have]' \
			'--pull=[Pull the image\: always, missing, newer, never]:WHEN:(always missing newer never)' \
			'(-q --quiet)'{-q,--quiet}'[Do not show the progress of a pull]' \
			'--read-only[Make the root file system read-only]' \
			'--replace[Remove a container that has the same name]' \
			'--rm[Remove the container when it ends]' \
			'*--security-opt=[no-new-privileges, seccomp=unconfined]:OPTION: ' \
			'--stop-signal=[Signal that stops the container]:SIGNAL: ' \
			'--stop-timeout=[Time between stop signal and kill]:SECONDS: ' \
			'--tls-verify[Require https and check certificates]' \
			'*--tmpfs=[Mount a tmpfs]:PATH\[\:OPTIONS\]: ' \
			'(-t --tty)'{-t,--tty}'[Give the command a terminal]' \
			'*--unsetenv=[Leave out an environment variable of the image or the configuration]:NAME: ' \
			'--unsetenv-all[Leave out all environment variables but those given here]' \
			'(-u --user)'{-u+,--user=}'[User to run as, name or number]:USER\[\:GROUP\]: ' \
			'*'{-v+,--volume=}'[Bind-mount a path]:SOURCE\:TARGET\[\:OPTIONS\]:_files' \
			'(-w --workdir)'{-w+,--workdir=}'[Working directory of the command]:DIR: ' \
			'--arch=[Architecture to pull, such as arm64]:ARCH: ' \
			'--os=[Operating system to pull]:OS: ' \
			'--platform=[Platform to pull]:OS/ARCH\[/VARIANT\]: ' \
			'--variant=[Variant of the architecture to pull, such as v8]:VARIANT: ' \
			'--retry=[How often to try again when the network fails]:N: ' \
			'--retry-delay=[Time between two tries, such as 5s]:TIME: ' \
			'--help[Show help]' \
			'1:name:_kist_names images' \
			'*::argument:_normal'
		;;
	'system df')
		_arguments -s -S \
			'--format=[Go template, json, or table TEMPLATE]:TEMPLATE: ' \
			'(-v --verbose)'{-v,--verbose}'[Show each image and container]' \
			'--help[Show help]'
		;;
	'diff')
		_arguments -s -S \
			'--format=[Another form of output]:FORMAT:(json)' \
			'(-l --latest)'{-l,--latest}'[The container created last]' \
			'--help[Show help]' \
			'*:name:_kist_names containers'
		;;
	'exec' | 'container exec')
		_arguments -s -S \
			'(-d --detach)'{-d,--detach}'[Run in the background]' \
			'--detach-keys=[Keys that detach]:KEYS: ' \
			'*'{-e+,--env=}'[Set an environment variable]:NAME\[=VALUE\]: ' \
			'*--env-file=[Read environment variables from a file]:FILE:_files' \
			'(-i --interactive)'{-i,--interactive}'[Keep standard input open]' \
			'(-l --latest)'{-l,--latest}'[The newest container]' \
			'--privileged[Give the command all rights that we have]' \
			'(-t --tty)'{-t,--tty}'[Give the command a terminal]' \
			'(-u --user)'{-u+,--user=}'[User to run as]:USER\[\:GROUP\]: ' \
			'(-w --workdir)'{-w+,--workdir=}'[Working directory of the command]:DIR: ' \
			'*--preserve-fd=[Pass these open descriptors to the command]:FD\[,FD...\]: ' \
			'--preserve-fds=[Pass the N descriptors from 3 on to the command]:N: ' \
			'--help[Show help]' \
			'1:name:_kist_names containers' \
			'*::argument:_normal'
		;;
	'export' | 'container export')
		_arguments -s -S \
			'(-o --output)'{-o+,--output=}'[Write to this file instead of standard output]:FILE:_files' \
			'--help[Show help]' \
			'*:name:_kist_names containers'
		;;
	'history' | 'image history')
		_arguments -s -S \
			'--format=[Go template, json, or table TEMPLATE]:TEMPLATE: ' \
			'(-H --human)'{-H,--human}'[Sizes and dates for people (default)]' \
			'--no-trunc[Do not shorten IDs and commands]' \
			'(-q --quiet)'{-q,--quiet}'[Print only IDs]' \
			'--help[Show help]' \
			'*:name:_kist_names images'
		;;
	'image diff')
		_arguments -s -S \
			'--format=[Another form of output]:FORMAT:(json)' \
			'--help[Show help]' \
			'*:name:_kist_names images'
		;;
	'image exists')
		_arguments -s -S \
			'--help[Show help]' \
			'*:name:_kist_names images'
		;;
	'image inspect')
		_arguments -s -S \
			'(-f --format)'{-f+,--format=}'[Go template, or json]:TEMPLATE: ' \
			'--help[Show help]' \
			'*:name:_kist_names images'
		;;
	'image mount')
		_arguments -s -S \
			'(-a --all)'{-a,--all}'[All images]' \
			'--format=[json\: the list of mounts as JSON]:FORMAT: ' \
			'--help[Show help]' \
			'*:name:_kist_names images'
		;;
	'image prune')
		_arguments -s -S \
			'(-a --all)'{-a,--all}'[All images that no container uses, not only nameless]' \
			'--build-cache[Also what RUN --mount=type=cache keeps from one build to the next]' \
			'--dry-run[Only show what would go, with exact bytes]' \
			'--external[Also images that only working containers of buildah use, with these]' \
			'*--filter=[Only what matches\: until=TIME, label=KEY\[=VALUE\], label!=KEY\[=VALUE\]]:KEY=VALUE: ' \
			'(-f --force)'{-f,--force}'[Do not ask]' \
			'--help[Show help]'
		;;
	'image tree')
		_arguments -s -S \
			'--whatrequires[Show what stands on the image'\''s top layer]' \
			'--help[Show help]' \
			'*:name:_kist_names images'
		;;
	'image unmount' | 'image umount')
		_arguments -s -S \
			'(-a --all)'{-a,--all}'[All images that are mounted]' \
			'(-f --force)'{-f,--force}'[However often it was mounted]' \
			'--help[Show help]' \
			'*:name:_kist_names images'
		;;
	'images' | 'image ls' | 'image list')
		_arguments -s -S \
			'(-a --all)'{-a,--all}'[Also nameless images that others were made of]' \
			'--digests[Show digests]' \
			'*'{-f+,--filter=}'[Show only what matches]:KEY=VALUE: ' \
			'--format=[Go template, json, or table TEMPLATE]:TEMPLATE: ' \
			'--history[Show the names that images had]' \
			'--no-trunc[Do not shorten IDs]' \
			'(-n --noheading)'{-n,--noheading}'[Leave out the header line]' \
			'(-q --quiet)'{-q,--quiet}'[Print only IDs]' \
			'--sort=[Order of the list]:KEY:(created id repository size tag)' \
			'--help[Show help]' \
			'*:name:_kist_names images'
		;;
	'import' | 'image import')
		_arguments -s -S \
			'--arch=[Architecture of the image]:ARCH: ' \
			'*'{-c+,--change=}'[Change the configuration, as in a Dockerfile\: CMD, ENV, LABEL, USER]:INSTRUCTION: ' \
			'(-m --message)'{-m+,--message=}'[Comment in the image'\''s history]:TEXT: ' \
			'--os=[Operating system of the image]:OS: ' \
			'(-q --quiet)'{-q,--quiet}'[Print the ID only, as without it]' \
			'--variant=[Variant of the architecture]:VARIANT: ' \
			'--help[Show help]' \
			'*:name:_files'
		;;
	'info' | 'system info')
		_arguments -s -S \
			'(-f --format)'{-f+,--format=}'[Go template, or json]:TEMPLATE: ' \
			'--help[Show help]'
		;;
	'inspect')
		_arguments -s -S \
			'(-f --format)'{-f+,--format=}'[Go template, or json]:TEMPLATE: ' \
			'(-l --latest)'{-l,--latest}'[The newest container]' \
			'(-s --size)'{-s,--size}'[Show sizes of containers]' \
			'(-t --type)'{-t+,--type=}'[What the names are]:TYPE:(all container image)' \
			'--help[Show help]' \
			'*:name:_kist_names containers'
		;;
	'kill' | 'container kill')
		_arguments -s -S \
			'(-a --all)'{-a,--all}'[All running containers]' \
			'*--cidfile=[The container whose ID is in this file]:FILE:_files' \
			'(-l --latest)'{-l,--latest}'[The newest container]' \
			'(-s --signal)'{-s+,--signal=}'[Signal to send]:SIGNAL: ' \
			'--help[Show help]' \
			'*:name:_kist_names containers'
		;;
	'load' | 'image load')
		_arguments -s -S \
			'(-i --input)'{-i+,--input=}'[Archive, directory or http(s) address instead of standard input]:PATH:_files' \
			'(-q --quiet)'{-q,--quiet}'[Do not show progress]' \
			'--help[Show help]'
		;;
	'login')
		_arguments -s -S \
			'--cert-dir=[Certificates of the registry]:DIR:_files -/' \
			'--get-login[Print the user name that is kept]' \
			'(-p --password)'{-p+,--password=}'[Password]:PASSWORD: ' \
			'--password-stdin[Read the password from stdin]' \
			'--tls-verify[Require https and check certificates]' \
			'(-u --username)'{-u+,--username=}'[User name]:USER: ' \
			'(-v --verbose)'{-v,--verbose}'[Say where the credentials are kept]' \
			'--authfile=[File that keeps the credentials]:PATH:_files' \
			'--compat-auth-file=[File that docker reads, too (config.json)]:PATH:_files' \
			'--help[Show help]' \
			'*:name: '
		;;
	'logout')
		_arguments -s -S \
			'(-a --all)'{-a,--all}'[All registries]' \
			'--authfile=[File that keeps the credentials]:PATH:_files' \
			'--compat-auth-file=[File that docker reads, too (config.json)]:PATH:_files' \
			'--help[Show help]' \
			'*:name: '
		;;
	'logs' | 'container logs')
		_arguments -s -S \
			'--color[Give each container'\''s lines a color]' \
			'(-f --follow)'{-f,--follow}'[Go on as the container writes]' \
			'(-l --latest)'{-l,--latest}'[The newest container]' \
			'(-n --names)'{-n,--names}'[Of several containers, the name instead of the ID before each line]' \
			'--since=[Only lines since this time or duration]:TIME: ' \
			'--tail=[Only the last N lines; all or -1\: every line]:N: ' \
			'(-t --timestamps)'{-t,--timestamps}'[Put the time before each line]' \
			'--until=[Only lines until this time or duration]:TIME: ' \
			'--help[Show help]' \
			'*:name:_kist_names containers'
		;;
	'mount' | 'container mount')
		_arguments -s -S \
			'(-a --all)'{-a,--all}'[All containers]' \
			'--format=[json\: the list of mounts as JSON]:FORMAT: ' \
			'(-l --latest)'{-l,--latest}'[The newest container]' \
			'--no-trunc[Do not shorten IDs in the list]' \
			'--help[Show help]' \
			'*:name:_kist_names containers'
		;;
	'ps' | 'container ls' | 'container list' | 'container ps')
		_arguments -s -S \
			'(-a --all)'{-a,--all}'[Show all containers, not only running ones]' \
			'--external[Show also containers of other tools, such as buildah'\''s working containers]' \
			'*'{-f+,--filter=}'[Show only what matches]:KEY=VALUE: ' \
			'--format=[Go template, json, or table TEMPLATE]:TEMPLATE: ' \
			'(-n --last)'{-n+,--last=}'[Show the N newest containers (all states)]:N: ' \
			'(-l --latest)'{-l,--latest}'[Show the newest container (all states)]' \
			'--no-trunc[Do not shorten IDs and commands]' \
			'--noheading[Leave out the header line]' \
			'--namespace[Show the namespaces of containers]' \
			'(-p --pod)'{-p,--pod}'[Show the pods of containers\: kist has none]' \
			'(-q --quiet)'{-q,--quiet}'[Print only IDs]' \
			'(-s --size)'{-s,--size}'[Show sizes]' \
			'--sort=[Order of the list]:KEY:(command created id image names runningfor size status)' \
			'--sync[Ask for the state anew\: has no effect, it is always asked of the kernel]' \
			'(-w --watch)'{-w+,--watch=}'[Show the list again and again]:SECONDS: ' \
			'--help[Show help]'
		;;
	'pull' | 'image pull')
		_arguments -s -S \
			'(-a --all-tags)'{-a,--all-tags}'[Pull all tags of the repository]' \
			'--authfile=[File with credentials]:PATH:_files' \
			'--cert-dir=[Certificates of the registry]:DIR:_files -/' \
			'--creds=[Credentials for the registry]:USER\[\:PASSWORD\]: ' \
			'--disable-content-trust[As docker without its content trust\: has no effect, there is none]' \
			'--policy=[Pull\: always, missing, newer, never]:WHEN:(always missing newer never)' \
			'(-q --quiet)'{-q,--quiet}'[Do not show progress]' \
			'--tls-verify[Require https and check certificates]' \
			'--arch=[Architecture to pull, such as arm64]:ARCH: ' \
			'--os=[Operating system to pull]:OS: ' \
			'--platform=[Platform to pull]:OS/ARCH\[/VARIANT\]: ' \
			'--variant=[Variant of the architecture to pull, such as v8]:VARIANT: ' \
			'--retry=[How often to try again when the network fails]:N: ' \
			'--retry-delay=[Time between two tries, such as 5s]:TIME: ' \
			'--help[Show help]' \
			'*:name:_kist_names images'
		;;
	'push' | 'image push')
		_arguments -s -S \
			'--authfile=[File with credentials]:PATH:_files' \
			'--cert-dir=[Certificates of the registry]:DIR:_files -/' \
			'--compress[Compress the layers, too, in dir\:]' \
			'--compression-format=[Compression of layers that the registry has not]:FORMAT:(gzip zstd)' \
			'--compression-level=[Level of compression\: gzip 0 to 9 (in four steps), zstd 0 to 20]:N: ' \
			'--creds=[Credentials for the registry]:USER\[\:PASSWORD\]: ' \
			'--digestfile=[Write the digest of what was pushed to this file]:FILE:_files' \
			'--disable-content-trust[As docker without its content trust\: has no effect, there is none]' \
			'--force-compression[Compress anew also what the registry has with another compression]' \
			'(-f --format)'{-f+,--format=}'[Kind of the manifest (as in the store)]:FORMAT:(oci v2s2)' \
			'(-q --quiet)'{-q,--quiet}'[Do not show progress]' \
			'--remove-signatures[Leave out signatures\: has no effect, none are kept]' \
			'--tls-verify[Require https and check certificates]' \
			'--retry=[How often to try again when the network fails]:N: ' \
			'--retry-delay=[Time between two tries, such as 5s]:TIME: ' \
			'--help[Show help]' \
			'*:name:_kist_names images'
		;;
	'system reset')
		_arguments -s -S \
			'(-f --force)'{-f,--force}'[Do not ask]' \
			'--help[Show help]'
		;;
	'rm' | 'container rm')
		_arguments -s -S \
			'(-a --all)'{-a,--all}'[All containers]' \
			'*--cidfile=[The container whose ID is in this file]:FILE:_files' \
			'--depend[Remove containers that depend on them, too\: has no effect, none does]' \
			'*--filter=[Containers that match, as ps --filter]:KEY=VALUE: ' \
			'(-f --force)'{-f,--force}'[Stop running ones first]' \
			'(-i --ignore)'{-i,--ignore}'[Containers that do not exist are no error]' \
			'(-l --latest)'{-l,--latest}'[The newest container]' \
			'(-t --time)'{-t+,--time=}'[With --force\: seconds before the kill]:SECONDS: ' \
			'(-v --volumes)'{-v,--volumes}'[Remove anonymous volumes\: has no effect, there are none]' \
			'--help[Show help]' \
			'*:name:_kist_names containers'
		;;
	'rmi' | 'image rm' | 'image remove')
		_arguments -s -S \
			'(-a --all)'{-a,--all}'[All images]' \
			'(-f --force)'{-f,--force}'[Also images with several names, and containers of kist and buildah that use them]' \
			'(-i --ignore)'{-i,--ignore}'[Images that do not exist are no error]' \
			'--no-prune[Keep nameless images that it was made of]' \
			'--help[Show help]' \
			'*:name:_kist_names images'
		;;
	'run' | 'container run')
		_arguments -s -S \
			'*'{-a+,--attach=}'[Attach only this\: stdin, stdout, stderr]:STREAM: ' \
			'(-d --detach)'{-d,--detach}'[Run in the background and print the container'\''s ID]' \
			'--detach-keys=[Keys that detach, such as ctrl-p,ctrl-q]:KEYS: ' \
			'--pidfile=[Write the ID of the container'\''s process to this file]:FILE:_files' \
			'--sig-proxy[Pass signals on to the container]' \
			'*--annotation=[Set an annotation]:KEY=VALUE: ' \
			'--authfile=[File with credentials]:PATH:_files' \
			'*--cap-add=[Add a capability, or ALL]:CAP: ' \
			'*--cap-drop=[Drop a capability, or ALL]:CAP: ' \
			'--cert-dir=[Certificates of the registry]:DIR:_files -/' \
			'--cidfile=[Write the container'\''s ID to this file]:FILE:_files' \
			'--cpu-period=[Length of a CPU quota'\''s period]:US: ' \
			'--cpu-quota=[CPU time in each period]:US: ' \
			'(-c --cpu-shares)'{-c+,--cpu-shares=}'[CPU weight against other containers]:N: ' \
			'--cpus=[Number of CPUs, such as 1.5]:N: ' \
			'--cpuset-cpus=[CPUs to run on, such as 0-2,4]:LIST: ' \
			'--cpuset-mems=[Memory nodes to use]:LIST: ' \
			'--creds=[Credentials for the registry]:USER\[\:PASSWORD\]: ' \
			'--disable-content-trust[As docker without its content trust\: has no effect, there is none]' \
			'--entrypoint=[Replace the image'\''s entrypoint; text or a JSON list]:COMMAND: ' \
			'*'{-e+,--env=}'[Set an environment variable]:NAME\[=VALUE\]: ' \
			'*--env-file=[Read environment variables from a file]:FILE:_files' \
			'--env-host[Set all environment variables that we have]' \
			'(-h --hostname)'{-h+,--hostname=}'[The container'\''s host name]:NAME: ' \
			'--init[Run an init that forwards signals and reaps processes]' \
			'(-i --interactive)'{-i,--interactive}'[Keep standard input open]' \
			'*'{-l+,--label=}'[Set a label]:KEY=VALUE: ' \
			'*--label-file=[Read labels from a file]:FILE:_files' \
			'--log-driver=[Where output is kept\: k8s-file, none]:DRIVER: ' \
			'(-m --memory)'{-m+,--memory=}'[Memory limit, such as 512m]:BYTES: ' \
			'--memory-swap=[Memory and swap limit, -1\: no limit]:BYTES: ' \
			'--name=[The container'\''s name]:NAME: ' \
			'--network=[none, host or private]:MODE: ' \
			'--no-healthcheck[Leave out healthchecks\: has no effect, there are none]' \
			'--pids-limit=[Limit of processes, -1\: no limit]:N: ' \
			'--privileged[Give all rights and devices that we have]' \
			'--pull=[Pull the image\: always, missing, newer, never]:WHEN:(always missing newer never)' \
			'(-q --quiet)'{-q,--quiet}'[Do not show the progress of a pull]' \
			'--read-only[Make the root file system read-only]' \
			'--replace[Remove a container that has the same name]' \
			'--rm[Remove the container when it ends]' \
			'*--security-opt=[no-new-privileges, seccomp=unconfined]:OPTION: ' \
			'--stop-signal=[Signal that stops the container]:SIGNAL: ' \
			'--stop-timeout=[Time between stop signal and kill]:SECONDS: ' \
			'--tls-verify[Require https and check certificates]' \
			'*--tmpfs=[Mount a tmpfs]:PATH\[\:OPTIONS\]: ' \
			'(-t --tty)'{-t,--tty}'[Give the command a terminal]' \
			'*--unsetenv=[Leave out an environment variable of the image or the configuration]:NAME: ' \
			'--unsetenv-all[Leave out all environment variables but those given here]' \
			'(-u --user)'{-u+,--user=}'[User to run as, name or number]:USER\[\:GROUP\]: ' \
			'*'{-v+,--volume=}'[Bind-mount a path]:SOURCE\:TARGET\[\:OPTIONS\]:_files' \
			'(-w --workdir)'{-w+,--workdir=}'[Working directory of the command]:DIR: ' \
			'--arch=[Architecture to pull, such as arm64]:ARCH: ' \
			'--os=[Operating system to pull]:OS: ' \
			'--platform=[Platform to pull]:OS/ARCH\[/VARIANT\]: ' \
			'--variant=[Variant of the architecture to pull, such as v8]:VARIANT: ' \
			'--retry=[How often to try again when the network fails]:N: ' \
			'--retry-delay=[Time between two tries, such as 5s]:TIME: ' \
			'*--preserve-fd=[Pass these open descriptors to the command]:FD\[,FD...\]: ' \
			'--preserve-fds=[Pass the N descriptors from 3 on to the command]:N: ' \
			'--help[Show help]' \
			'1:name:_kist_names images' \
			'*::argument:_normal'
		;;
	'save' | 'image save')
		_arguments -s -S \
			'--compress[Compress layers (docker-dir only)]' \
			'--format=[Format of the archive]:FORMAT:(docker-archive oci-archive oci-dir docker-dir)' \
			'(-m --multi-image-archive)'{-m,--multi-image-archive}'[Further names are images of their own, not names of the first]' \
			'(-o --output)'{-o+,--output=}'[Write to this file or directory]:FILE:_files' \
			'(-q --quiet)'{-q,--quiet}'[Do not show progress]' \
			'--uncompressed[Do not compress layers (OCI formats)]' \
			'--help[Show help]' \
			'*:name:_kist_names images'
		;;
	'start' | 'container start')
		_arguments -s -S \
			'--all[Start all containers]' \
			'(-a --attach)'{-a,--attach}'[Attach to the container'\''s output]' \
			'--detach-keys=[Keys that detach]:KEYS: ' \
			'*'{-f+,--filter=}'[Start containers that match, as ps --filter]:KEY=VALUE: ' \
			'(-i --interactive)'{-i,--interactive}'[Attach standard input too]' \
			'(-l --latest)'{-l,--latest}'[The newest container]' \
			'--sig-proxy[Pass signals on to the container]' \
			'--help[Show help]' \
			'*:name:_kist_names containers'
		;;
	'stop' | 'container stop')
		_arguments -s -S \
			'(-a --all)'{-a,--all}'[All running containers]' \
			'*--cidfile=[The container whose ID is in this file]:FILE:_files' \
			'*'{-f+,--filter=}'[Containers that match, as ps --filter]:KEY=VALUE: ' \
			'(-i --ignore)'{-i,--ignore}'[Containers that do not exist are no error]' \
			'(-l --latest)'{-l,--latest}'[The newest container]' \
			'(-t --time)'{-t+,--time=}'[Seconds to wait before the kill]:SECONDS: ' \
			'--help[Show help]' \
			'*:name:_kist_names containers'
		;;
	'system prune')
		_arguments -s -S \
			'(-a --all)'{-a,--all}'[All images that no container uses, not only nameless]' \
			'--build[Working containers of buildah, too]' \
			'--external[Nothing but what no record in the store knows\: remains of commands that were killed]' \
			'*--filter=[Only what matches\: until=TIME, label=KEY\[=VALUE\], label!=KEY\[=VALUE\]]:KEY=VALUE: ' \
			'(-f --force)'{-f,--force}'[Do not ask]' \
			'--volumes[Volumes, too\: has no effect, there are none]' \
			'--help[Show help]'
		;;
	'tag' | 'image tag')
		_arguments -s -S \
			'--help[Show help]' \
			'*:name:_kist_names images'
		;;
	'unmount' | 'umount' | 'container unmount' | 'container umount')
		_arguments -s -S \
			'(-a --all)'{-a,--all}'[All containers]' \
			'(-f --force)'{-f,--force}'[Also while somebody works there]' \
			'(-l --latest)'{-l,--latest}'[The newest container]' \
			'--help[Show help]' \
			'*:name:_kist_names containers'
		;;
	'untag' | 'image untag')
		_arguments -s -S \
			'--help[Show help]' \
			'*:name:_kist_names images'
		;;
	'version')
		_arguments -s -S \
			'(-f --format)'{-f+,--format=}'[Go template, or json]:TEMPLATE: ' \
			'--help[Show help]'
		;;
	'wait' | 'container wait')
		_arguments -s -S \
			'*--condition=[Wait for this\: created, running, stopped, exited, removing]:STATE: ' \
			'--ignore[Containers that do not exist are no error]' \
			'(-i --interval)'{-i+,--interval=}'[Time between two looks at the state, for --condition (250ms)]:TIME: ' \
			'(-l --latest)'{-l,--latest}'[The newest container]' \
			'--help[Show help]' \
			'*:name:_kist_names containers'
		;;
	esac
}

_kist() {
	local curcontext=$curcontext state= line command
	local -A opt_args

	_arguments -s -S -C \
			'--cgroup-manager=[How cgroups are made\: cgroupfs or systemd]:MANAGER:(cgroupfs systemd)' \
			'--imagestore=[Keep images apart from containers, here]:DIR:_files -/' \
			'--log-level=[Diagnostic messages\: trace, debug, info, warn, error, fatal, panic]:LEVEL:(trace debug info warn warning error fatal panic)' \
			'--root=[Where images and containers are kept]:DIR:_files -/' \
			'--runroot=[Where the state of this boot is kept]:DIR:_files -/' \
			'--storage-driver=[The storage driver, which must be overlay]:DRIVER: ' \
			'*--storage-opt=[An option of the storage driver]:OPTION: ' \
			'--tmpdir=[Where temporary state is kept]:DIR:_files -/' \
			'--help[Show help]' \
			'1: :->command' '*:: :->rest'
	case $state in
	command)
		_kist_commands ''
		;;
	rest)
		command=$words[1]
		if _kist_is_group $command; then
			if ((CURRENT == 2)); then
				_kist_commands $command
				return
			fi
			command="$command $words[2]"
			shift words
			((CURRENT--))
		fi
		_kist_command $command
		;;
	esac
}

_kist "$@"
