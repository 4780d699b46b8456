/* What `inspect` shows, as podman's Go structs: libpod/define and containers/common/libimage. */
#include "inspect_shapes.h"

#include <stddef.h>

#define TEXT(name)                                                                                 \
	{                                                                                          \
		name, SHAPE_TEXT                                                                   \
	}
#define NUMBER(name)                                                                               \
	{                                                                                          \
		name, SHAPE_NUMBER                                                                 \
	}
#define FLAG(name)                                                                                 \
	{                                                                                          \
		name, SHAPE_FLAG                                                                   \
	}
#define TIME(name)                                                                                 \
	{                                                                                          \
		name, SHAPE_TIME                                                                   \
	}
#define LIST(name)                                                                                 \
	{                                                                                          \
		name, SHAPE_LIST                                                                   \
	}
#define MAP(name)                                                                                  \
	{                                                                                          \
		name, SHAPE_MAP                                                                    \
	}
#define NULL_LIST(name)                                                                            \
	{                                                                                          \
		name, SHAPE_LIST, SHAPE_NULL                                                       \
	}
#define STRUCT(name, shape)                                                                        \
	{                                                                                          \
		name, SHAPE_STRUCT, .of = &(shape)                                                 \
	}

/* ---- both ---- */

/* struct {}: the values of a set */
static const struct shape_field nothing_fields[] = {{NULL}};
static const struct shape nothing = {"struct {}", nothing_fields};

static const struct shape_field health_config_fields[] = {
    LIST("Test"),      NUMBER("StartPeriod"), NUMBER("Interval"),
    NUMBER("Timeout"), NUMBER("Retries"),     {NULL},
};
static const struct shape health_config = {"manifest.Schema2HealthConfig", health_config_fields};

static const struct shape_field driver_fields[] = {TEXT("Name"), MAP("Data"), {NULL}};
static const struct shape driver = {"define.DriverData", driver_fields};

/* ---- images ---- */

static const struct shape_field image_config_fields[] = {
    {"User", SHAPE_TEXT, SHAPE_OMIT},
    {"ExposedPorts", SHAPE_MAP, SHAPE_OMIT, .of = &nothing},
    {"Env", SHAPE_LIST, SHAPE_OMIT},
    {"Entrypoint", SHAPE_LIST, SHAPE_OMIT},
    {"Cmd", SHAPE_LIST, SHAPE_OMIT},
    {"Volumes", SHAPE_MAP, SHAPE_OMIT, .of = &nothing},
    {"WorkingDir", SHAPE_TEXT, SHAPE_OMIT},
    {"Labels", SHAPE_MAP, SHAPE_OMIT},
    {"StopSignal", SHAPE_TEXT, SHAPE_OMIT},
    {"ArgsEscaped", SHAPE_FLAG, SHAPE_OMIT},
    {NULL},
};
static const struct shape image_config = {"v1.ImageConfig", image_config_fields};

static const struct shape_field rootfs_fields[] = {TEXT("Type"), LIST("Layers"), {NULL}};
static const struct shape rootfs = {"libimage.RootFS", rootfs_fields};

static const struct shape_field history_fields[] = {
    {"Created", SHAPE_TIME, SHAPE_OMIT, "created"},
    {"CreatedBy", SHAPE_TEXT, SHAPE_OMIT, "created_by"},
    {"Author", SHAPE_TEXT, SHAPE_OMIT, "author"},
    {"Comment", SHAPE_TEXT, SHAPE_OMIT, "comment"},
    {"EmptyLayer", SHAPE_FLAG, SHAPE_OMIT, "empty_layer"},
    {NULL},
};
static const struct shape history = {"v1.History", history_fields};

static const struct shape_field image_fields[] = {
    {"ID", SHAPE_TEXT, .json = "Id"},
    TEXT("Digest"),
    LIST("RepoTags"),
    LIST("RepoDigests"),
    TEXT("Parent"),
    TEXT("Comment"),
    TIME("Created"),
    STRUCT("Config", image_config),
    TEXT("Version"),
    TEXT("Author"),
    TEXT("Architecture"),
    TEXT("Os"),
    NUMBER("Size"),
    NUMBER("VirtualSize"),
    STRUCT("GraphDriver", driver),
    STRUCT("RootFS", rootfs),
    {"Labels", SHAPE_MAP, SHAPE_NULL},
    MAP("Annotations"),
    TEXT("ManifestType"),
    TEXT("User"),
    {"History", SHAPE_LIST, .of = &history},
    LIST("NamesHistory"),
    {"HealthCheck", SHAPE_POINTER, .json = "Healthcheck", .of = &health_config},
    {NULL},
};
const struct shape inspect_image_shape = {"libimage.ImageData", image_fields};

/* ---- containers ---- */

static const struct shape_field state_fields[] = {
    TEXT("OciVersion"),
    TEXT("Status"),
    FLAG("Running"),
    FLAG("Paused"),
    FLAG("Restarting"),
    FLAG("OOMKilled"),
    FLAG("Dead"),
    NUMBER("Pid"),
    {"ConmonPid", SHAPE_NUMBER, SHAPE_OMIT},
    NUMBER("ExitCode"),
    TEXT("Error"),
    TIME("StartedAt"),
    TIME("FinishedAt"),
    {"Health", SHAPE_NIL, .also = "Healthcheck"},
    {"Checkpointed", SHAPE_FLAG, SHAPE_OMIT},
    {"CgroupPath", SHAPE_TEXT, SHAPE_OMIT},
    TIME("CheckpointedAt"),
    TIME("RestoredAt"),
    {"Restored", SHAPE_FLAG, SHAPE_OMIT},
    {NULL},
};
static const struct shape state = {"define.InspectContainerState", state_fields};

static const struct shape_field mount_fields[] = {
    TEXT("Type"),
    {"Name", SHAPE_TEXT, SHAPE_OMIT},
    {"Source", SHAPE_TEXT, .also = "Src"},
    {"Destination", SHAPE_TEXT, .also = "Dst"},
    TEXT("Driver"),
    TEXT("Mode"),
    LIST("Options"),
    FLAG("RW"),
    TEXT("Propagation"),
    {NULL},
};
static const struct shape mount = {"define.InspectMount", mount_fields};

/* InspectBasicNetworkConfig */
#define ENDPOINT                                                                                   \
	TEXT("EndpointID"), TEXT("Gateway"), TEXT("IPAddress"), NUMBER("IPPrefixLen"),             \
	    TEXT("IPv6Gateway"), TEXT("GlobalIPv6Address"), NUMBER("GlobalIPv6PrefixLen"),         \
	    TEXT("MacAddress")

static const struct shape_field network_fields[] = {
    ENDPOINT,
    {"NetworkID", SHAPE_TEXT, SHAPE_OMIT},
    {"DriverOpts", SHAPE_MAP, SHAPE_NULL},
    {"IPAMConfig", SHAPE_MAP, SHAPE_NULL},
    NULL_LIST("Links"),
    {"Aliases", SHAPE_LIST, SHAPE_OMIT},
    {NULL},
};
static const struct shape network = {"define.InspectAdditionalNetwork", network_fields};

static const struct shape_field host_port_fields[] = {
    {"HostIP", SHAPE_TEXT, .json = "HostIp"}, TEXT("HostPort"), {NULL}};
static const struct shape host_port = {"define.InspectHostPort", host_port_fields};

static const struct shape_field networks_fields[] = {
    ENDPOINT,
    TEXT("Bridge"),
    TEXT("SandboxID"),
    FLAG("HairpinMode"),
    TEXT("LinkLocalIPv6Address"),
    NUMBER("LinkLocalIPv6PrefixLen"),
    {"Ports", SHAPE_MAP_OF_LISTS, .of = &host_port},
    TEXT("SandboxKey"),
    {"Networks", SHAPE_MAP, SHAPE_OMIT, .of = &network},
    {NULL},
};
static const struct shape networks = {"define.InspectNetworkSettings", networks_fields};

static const struct shape_field config_fields[] = {
    TEXT("Hostname"),
    {"DomainName", SHAPE_TEXT, .json = "Domainname"},
    TEXT("User"),
    FLAG("AttachStdin"),
    FLAG("AttachStdout"),
    FLAG("AttachStderr"),
    FLAG("Tty"),
    FLAG("OpenStdin"),
    FLAG("StdinOnce"),
    LIST("Env"),
    LIST("Cmd"),
    TEXT("Image"),
    {"Volumes", SHAPE_MAP, SHAPE_NULL, .of = &nothing},
    TEXT("WorkingDir"),
    NULL_LIST("Entrypoint"),
    {"OnBuild", SHAPE_NIL, SHAPE_NULL},
    {"Labels", SHAPE_MAP, SHAPE_NULL},
    {"Annotations", SHAPE_MAP, SHAPE_NULL},
    TEXT("StopSignal"),
    {"Healthcheck", SHAPE_POINTER, .of = &health_config},
    {"CreateCommand", SHAPE_LIST, SHAPE_OMIT},
    {"Timezone", SHAPE_TEXT, SHAPE_OMIT},
    {"SystemdMode", SHAPE_FLAG, SHAPE_OMIT},
    TEXT("Umask"),
    {"Secrets", SHAPE_LIST, SHAPE_OMIT},
    NUMBER("Timeout"),
    NUMBER("StopTimeout"),
    FLAG("Passwd"),
    {"ExposedPorts", SHAPE_MAP, SHAPE_OMIT, .of = &nothing},
    {NULL},
};
static const struct shape config = {"define.InspectContainerConfig", config_fields};

static const struct shape_field log_fields[] = {TEXT("Type"), {"Config", SHAPE_MAP, SHAPE_NULL},
						TEXT("Path"), TEXT("Tag"),
						TEXT("Size"), {NULL}};
static const struct shape log_config = {"define.InspectLogConfig", log_fields};

static const struct shape_field restart_fields[] = {
    TEXT("Name"), NUMBER("MaximumRetryCount"), {NULL}};
static const struct shape restart = {"define.InspectRestartPolicy", restart_fields};

static const struct shape_field ulimit_fields[] = {
    TEXT("Name"), NUMBER("Soft"), NUMBER("Hard"), {NULL}};
static const struct shape ulimit_ = {"define.InspectUlimit", ulimit_fields};

static const struct shape_field host_config_fields[] = {
    LIST("Binds"),
    TEXT("CgroupManager"),
    TEXT("CgroupMode"),
    TEXT("ContainerIDFile"),
    STRUCT("LogConfig", log_config),
    TEXT("NetworkMode"),
    {"PortBindings", SHAPE_MAP_OF_LISTS, .of = &host_port},
    STRUCT("RestartPolicy", restart),
    FLAG("AutoRemove"),
    FLAG("AutoRemoveImage"),
    {"Annotations", SHAPE_MAP, SHAPE_NULL},
    TEXT("VolumeDriver"),
    NULL_LIST("VolumesFrom"),
    LIST("CapAdd"),
    LIST("CapDrop"),
    LIST("Dns"),
    LIST("DnsOptions"),
    LIST("DnsSearch"),
    LIST("ExtraHosts"),
    TEXT("HostsFile"),
    LIST("GroupAdd"),
    TEXT("IpcMode"),
    TEXT("Cgroup"),
    TEXT("Cgroups"),
    NULL_LIST("Links"),
    NUMBER("OomScoreAdj"),
    TEXT("PidMode"),
    FLAG("Privileged"),
    FLAG("PublishAllPorts"),
    FLAG("ReadonlyRootfs"),
    LIST("SecurityOpt"),
    MAP("Tmpfs"),
    TEXT("UTSMode"),
    TEXT("UsernsMode"),
    NUMBER("ShmSize"),
    TEXT("Runtime"),
    LIST("ConsoleSize"),
    TEXT("Isolation"),
    NUMBER("CpuShares"),
    NUMBER("Memory"),
    NUMBER("NanoCpus"),
    TEXT("CgroupParent"),
    NUMBER("BlkioWeight"),
    NULL_LIST("BlkioWeightDevice"),
    NULL_LIST("BlkioDeviceReadBps"),
    NULL_LIST("BlkioDeviceWriteBps"),
    NULL_LIST("BlkioDeviceReadIOps"),
    NULL_LIST("BlkioDeviceWriteIOps"),
    NUMBER("CpuPeriod"),
    NUMBER("CpuQuota"),
    NUMBER("CpuRealtimePeriod"),
    NUMBER("CpuRealtimeRuntime"),
    TEXT("CpusetCpus"),
    TEXT("CpusetMems"),
    LIST("Devices"),
    NUMBER("DiskQuota"),
    NUMBER("KernelMemory"),
    NUMBER("MemoryReservation"),
    NUMBER("MemorySwap"),
    NUMBER("MemorySwappiness"),
    FLAG("OomKillDisable"),
    {"Init", SHAPE_FLAG, SHAPE_OMIT},
    NUMBER("PidsLimit"),
    {"Ulimits", SHAPE_LIST, .of = &ulimit_},
    NUMBER("CpuCount"),
    NUMBER("CpuPercent"),
    NUMBER("IOMaximumIOps"),
    NUMBER("IOMaximumBandwidth"),
    {"CgroupConf", SHAPE_MAP, SHAPE_NULL},
    {NULL},
};
static const struct shape host_config = {"define.InspectContainerHostConfig", host_config_fields};

static const struct shape_field container_fields[] = {
    {"ID", SHAPE_TEXT, .json = "Id"},
    TIME("Created"),
    TEXT("Path"),
    LIST("Args"),
    STRUCT("State", state),
    {"Image", SHAPE_TEXT, .also = "ImageID"},
    TEXT("ImageDigest"),
    TEXT("ImageName"),
    TEXT("Rootfs"),
    TEXT("Pod"),
    TEXT("ResolvConfPath"),
    TEXT("HostnamePath"),
    TEXT("HostsPath"),
    TEXT("StaticDir"),
    {"OCIConfigPath", SHAPE_TEXT, SHAPE_OMIT},
    {"OCIRuntime", SHAPE_TEXT, SHAPE_OMIT},
    TEXT("ConmonPidFile"),
    TEXT("PidFile"),
    TEXT("Name"),
    NUMBER("RestartCount"),
    TEXT("Driver"),
    TEXT("MountLabel"),
    TEXT("ProcessLabel"),
    TEXT("AppArmorProfile"),
    LIST("EffectiveCaps"),
    LIST("BoundingCaps"),
    LIST("ExecIDs"),
    STRUCT("GraphDriver", driver),
    {"SizeRw", SHAPE_NUMBER, SHAPE_OMIT | SHAPE_MAYBE},
    {"SizeRootFs", SHAPE_NUMBER, SHAPE_OMIT},
    {"Mounts", SHAPE_LIST, .of = &mount},
    LIST("Dependencies"),
    STRUCT("NetworkSettings", networks),
    TEXT("Namespace"),
    FLAG("IsInfra"),
    FLAG("IsService"),
    TEXT("KubeExitCodePropagation"),
    {"LockNumber", SHAPE_NUMBER, .json = "lockNumber"},
    STRUCT("Config", config),
    STRUCT("HostConfig", host_config),
    FLAG("UseImageHosts"),
    FLAG("UseImageHostname"),
    {NULL},
};
const struct shape inspect_container_shape = {"define.InspectContainerData", container_fields};
