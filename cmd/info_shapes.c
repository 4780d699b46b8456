/* What `info` and `version` show, as podman's Go structs (libpod/define). */
#include "info_make.h"

#include <stddef.h>

#define TEXT(name, json_name)                                                                      \
	{                                                                                          \
		name, SHAPE_TEXT, .json = (json_name)                                              \
	}
#define NUMBER(name, json_name)                                                                    \
	{                                                                                          \
		name, SHAPE_NUMBER, .json = (json_name)                                            \
	}
#define FLAG(name, json_name)                                                                      \
	{                                                                                          \
		name, SHAPE_FLAG, .json = (json_name)                                              \
	}
#define LIST(name, json_name)                                                                      \
	{                                                                                          \
		name, SHAPE_LIST, .json = (json_name)                                              \
	}
#define MAP(name, json_name)                                                                       \
	{                                                                                          \
		name, SHAPE_MAP, .json = (json_name)                                               \
	}
#define STRUCT(name, json_name, shape)                                                             \
	{                                                                                          \
		name, SHAPE_STRUCT, .json = (json_name), .of = &(shape)                            \
	}

/* ---- host ---- */

static const struct shape_field program_fields[] = {{"Name", SHAPE_TEXT, SHAPE_OMIT, "name"},
						    TEXT("Package", "package"),
						    TEXT("Path", "path"),
						    TEXT("Version", "version"),
						    {NULL}};
static const struct shape conmon = {"define.ConmonInfo", program_fields};
static const struct shape runtime = {"define.OCIRuntimeInfo", program_fields};

static const struct shape_field helper_fields[] = {TEXT("Executable", "executable"),
						   TEXT("Package", "package"),
						   TEXT("Version", "version"),
						   {NULL}};
static const struct shape slirp = {"define.SlirpInfo", helper_fields};
static const struct shape pasta = {"define.PastaInfo", helper_fields};

static const struct shape_field distribution_fields[] = {
    TEXT("Distribution", "distribution"),
    {"Variant", SHAPE_TEXT, SHAPE_OMIT, "variant"},
    TEXT("Version", "version"),
    {"Codename", SHAPE_TEXT, SHAPE_OMIT, "codename"},
    {NULL}};
static const struct shape distribution = {"define.DistributionInfo", distribution_fields};

static const struct shape_field id_map_fields[] = {NUMBER("ContainerID", "container_id"),
						   NUMBER("HostID", "host_id"),
						   NUMBER("Size", "size"),
						   {NULL}};
static const struct shape id_map = {"idtools.IDMap", id_map_fields};
static const struct shape_field id_mappings_fields[] = {
    {"GIDMap", SHAPE_LIST, SHAPE_NULL, "gidmap", &id_map},
    {"UIDMap", SHAPE_LIST, SHAPE_NULL, "uidmap", &id_map},
    {NULL}};
static const struct shape id_mappings = {"define.IDMappings", id_mappings_fields};

static const struct shape_field dns_fields[] = {{"Version", SHAPE_TEXT, SHAPE_OMIT, "version"},
						{"Package", SHAPE_TEXT, SHAPE_OMIT, "package"},
						{"Path", SHAPE_TEXT, SHAPE_OMIT, "path"},
						{NULL}};
static const struct shape dns = {"types.DNSNetworkInfo", dns_fields};
static const struct shape_field network_fields[] = {TEXT("Backend", "backend"),
						    {"Version", SHAPE_TEXT, SHAPE_OMIT, "version"},
						    {"Package", SHAPE_TEXT, SHAPE_OMIT, "package"},
						    {"Path", SHAPE_TEXT, SHAPE_OMIT, "path"},
						    STRUCT("DNS", "dns", dns),
						    {NULL}};
static const struct shape network = {"types.NetworkInfo", network_fields};

static const struct shape_field socket_fields[] = {
    {"Path", SHAPE_TEXT, SHAPE_OMIT, "path"}, FLAG("Exists", "exists"), {NULL}};
static const struct shape remote_socket = {"define.RemoteSocket", socket_fields};

static const struct shape_field security_fields[] = {
    FLAG("AppArmorEnabled", "apparmorEnabled"),
    TEXT("DefaultCapabilities", "capabilities"),
    FLAG("Rootless", "rootless"),
    FLAG("SECCOMPEnabled", "seccompEnabled"),
    TEXT("SECCOMPProfilePath", "seccompProfilePath"),
    FLAG("SELinuxEnabled", "selinuxEnabled"),
    {NULL}};
static const struct shape security = {"define.SecurityInfo", security_fields};

static const struct shape_field host_fields[] = {
    TEXT("Arch", "arch"),
    TEXT("BuildahVersion", "buildahVersion"),
    TEXT("CgroupManager", "cgroupManager"),
    TEXT("CgroupsVersion", "cgroupVersion"),
    LIST("CgroupControllers", "cgroupControllers"),
    STRUCT("Conmon", "conmon", conmon),
    NUMBER("CPUs", "cpus"),
    TEXT("DatabaseBackend", "databaseBackend"),
    STRUCT("Distribution", "distribution", distribution),
    TEXT("EventLogger", "eventLogger"),
    TEXT("Hostname", "hostname"),
    STRUCT("IDMappings", "idMappings", id_mappings),
    TEXT("Kernel", "kernel"),
    TEXT("LogDriver", "logDriver"),
    NUMBER("MemFree", "memFree"),
    NUMBER("MemTotal", "memTotal"),
    TEXT("NetworkBackend", "networkBackend"),
    STRUCT("NetworkBackendInfo", "networkBackendInfo", network),
    STRUCT("OCIRuntime", "ociRuntime", runtime),
    TEXT("OS", "os"),
    STRUCT("RemoteSocket", "remoteSocket", remote_socket),
    TEXT("RootlessNetworkCmd", "rootlessNetworkCmd"),
    FLAG("ServiceIsRemote", "serviceIsRemote"),
    STRUCT("Security", "security", security),
    STRUCT("Slirp4NetNS", "slirp4netns", slirp),
    STRUCT("Pasta", "pasta", pasta),
    NUMBER("SwapFree", "swapFree"),
    NUMBER("SwapTotal", "swapTotal"),
    TEXT("Uptime", "uptime"),
    TEXT("Variant", "variant"),
    TEXT("Linkmode", "linkmode"),
    {NULL},
};
static const struct shape host = {"define.HostInfo", host_fields};

/* ---- store ---- */

static const struct shape_field containers_fields[] = {NUMBER("Number", "number"),
						       NUMBER("Paused", "paused"),
						       NUMBER("Running", "running"),
						       NUMBER("Stopped", "stopped"),
						       {NULL}};
static const struct shape containers = {"define.ContainerStore", containers_fields};

static const struct shape_field images_fields[] = {NUMBER("Number", "number"), {NULL}};
static const struct shape images = {"define.ImageStore", images_fields};

/* kist's own */
static const struct shape_field downloads_fields[] = {
    NUMBER("Number", "number"), NUMBER("Bytes", "bytes"), {NULL}};
static const struct shape downloads = {"kist.PartialDownloads", downloads_fields};

static const struct shape_field store_fields[] = {
    TEXT("ConfigFile", "configFile"),
    STRUCT("ContainerStore", "containerStore", containers),
    TEXT("GraphDriverName", "graphDriverName"),
    MAP("GraphOptions", "graphOptions"),
    TEXT("GraphRoot", "graphRoot"),
    NUMBER("GraphRootAllocated", "graphRootAllocated"),
    NUMBER("GraphRootUsed", "graphRootUsed"),
    MAP("GraphStatus", "graphStatus"),
    TEXT("ImageCopyTmpDir", "imageCopyTmpDir"),
    STRUCT("ImageStore", "imageStore", images),
    TEXT("RunRoot", "runRoot"),
    TEXT("VolumePath", "volumePath"),
    FLAG("TransientStore", "transientStore"),
    STRUCT("PartialDownloads", "partialDownloads", downloads),
    LIST("AdditionalImageStores", "additionalImageStores"),
    {"ImageStoreRoot", SHAPE_TEXT, SHAPE_OMIT, "imageStoreRoot"},
    {NULL},
};
static const struct shape store = {"define.StoreInfo", store_fields};

/* ---- all of it ---- */

static const struct shape_field registries_fields[] = {{"search", SHAPE_LIST, SHAPE_OMIT}, {NULL}};
static const struct shape registries = {"map[string]interface {}", registries_fields};

static const struct shape_field plugins_fields[] = {
    LIST("Volume", "volume"),
    LIST("Network", "network"),
    LIST("Log", "log"),
    {"Authorization", SHAPE_LIST, SHAPE_NULL, "authorization"},
    {NULL}};
static const struct shape plugins = {"define.Plugins", plugins_fields};

static const struct shape_field version_fields[] = {
    {"APIVersion", SHAPE_TEXT}, {"Version", SHAPE_TEXT},   {"GoVersion", SHAPE_TEXT},
    {"GitCommit", SHAPE_TEXT},	{"BuiltTime", SHAPE_TEXT}, {"Built", SHAPE_NUMBER},
    {"OsArch", SHAPE_TEXT},	{"Os", SHAPE_TEXT},	   {NULL}};
const struct shape version_part_shape = {"define.Version", version_fields};

static const struct shape_field info_fields[] = {
    STRUCT("Host", "host", host),
    STRUCT("Store", "store", store),
    STRUCT("Registries", "registries", registries),
    STRUCT("Plugins", "plugins", plugins),
    STRUCT("Version", "version", version_part_shape),
    {NULL},
};
const struct shape info_shape = {"define.Info", info_fields};
