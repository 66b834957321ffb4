/* vulkan_open.c - finds a device that can run what vyrec compiles, or says for each why it cannot. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime-stub/vulkan.h"

enum {
    API_VERSION = VK_API_VERSION_1_2,
    BEST_API_VERSION = VK_API_VERSION_1_3,
    MAX_DEVICES = 64,
    SUBGROUP_LANES = 32,
    MOST_LANES = 128,
    NOTHING_BYTES = 64
};

#define SIZE_EXTENSION "VK_EXT_subgroup_size_control"
#define WITHOUT "VYRE_VULKAN_WITHOUT" /* what to do without, to get around a driver's fault */

static const char *result_name(VkResult r)
{
    switch (r) {
    case VK_ERROR_OUT_OF_HOST_MEMORY:
        return "out of host memory";
    case VK_ERROR_OUT_OF_DEVICE_MEMORY:
        return "out of device memory";
    case VK_ERROR_INITIALIZATION_FAILED:
        return "initialization failed";
    case VK_ERROR_DEVICE_LOST:
        return "device lost";
    case VK_ERROR_INCOMPATIBLE_DRIVER:
        return "incompatible driver";
    case VK_ERROR_TOO_MANY_OBJECTS:
        return "too many objects";
    case VK_ERROR_FRAGMENTED_POOL:
        return "fragmented pool";
    case VK_TIMEOUT:
        return "timeout";
    default:
        return "error";
    }
}

vyre_status vulkan_fail(struct vulkan *v, struct outcome *o, VkResult result, const char *call)
{
    vyre_status status = VYRE_ERROR_SYSTEM;
    (void)v;
    switch (result) {
    case VK_ERROR_OUT_OF_HOST_MEMORY:
        status = VYRE_ERROR_OUT_OF_MEMORY;
        break;
    case VK_ERROR_OUT_OF_DEVICE_MEMORY:
    case VK_ERROR_TOO_MANY_OBJECTS:
    case VK_ERROR_FRAGMENTED_POOL:
        status = VYRE_ERROR_DEVICE_MEMORY;
        break;
    case VK_ERROR_DEVICE_LOST:
        status = VYRE_ERROR_DEVICE_LOST;
        break;
    case VK_ERROR_INCOMPATIBLE_DRIVER:
        status = VYRE_ERROR_DRIVER_TOO_OLD;
        break;
    default:
        break;
    }
    return outcome_fail(o, status, "%s: the Vulkan driver says %s (%d)", call, result_name(result), (int)result);
}

/* -- entry points */

static bool load_scope(struct vulkan *v, const char *wanted, struct outcome *o)
{
#define VULKAN(scope, name)                                                                                            \
    if (!strcmp(#scope, wanted)) {                                                                                     \
        PFN_vkVoidFunction f = !strcmp(#scope, "DEVICE") ? v->vk.GetDeviceProcAddr(v->device, "vk" #name)              \
                                                         : v->get_proc(v->instance, "vk" #name);                       \
        if (!f) {                                                                                                      \
            outcome_fail(o, VYRE_ERROR_DRIVER_TOO_OLD, "the Vulkan driver has no vk" #name ": install a newer one");   \
            return false;                                                                                              \
        }                                                                                                              \
        v->vk.name = (PFN_vk##name)f;                                                                                  \
    }
#include "runtime-stub/vulkan.def"
    return true;
}

static vyre_status open_library(struct vulkan *v, struct outcome *o)
{
    v->library = driver_open("libvulkan.so.1", "the Vulkan loader", o);
    if (!v->library) return o->status;
    *(void **)&v->get_proc = dlsym(v->library, "vkGetInstanceProcAddr");
    if (!v->get_proc) return outcome_fail(o, VYRE_ERROR_DRIVER_TOO_OLD, "libvulkan.so.1 has no vkGetInstanceProcAddr");
    return load_scope(v, "GLOBAL", o) ? VYRE_OK : o->status;
}

/* Whether a list of names with commas between has it. */
static bool is_listed(const char *list, const char *name)
{
    size_t n = strlen(name);
    for (const char *at = list; at && *at; at += strcspn(at, ","), at += *at == ',')
        if (strcspn(at, ",") == n && !memcmp(at, name, n)) return true;
    return false;
}

static vyre_status open_instance(struct vulkan *v, struct outcome *o)
{
    uint32_t version = 0;
    VkResult r = v->vk.EnumerateInstanceVersion(&version);
    if (r) return vulkan_fail(v, o, r, "vkEnumerateInstanceVersion");
    if (version < API_VERSION)
        return outcome_fail(o, VYRE_ERROR_DRIVER_TOO_OLD,
                            "the Vulkan loader is %u.%u, and 1.2 is needed: install a newer one",
                            VK_API_VERSION_MAJOR(version), VK_API_VERSION_MINOR(version));
    bool is_best = version >= BEST_API_VERSION && !is_listed(secure_getenv(WITHOUT), "vulkan1.3");
    v->api_version = is_best ? BEST_API_VERSION : API_VERSION;
    VkApplicationInfo app = {
        .sType = VK_STRUCTURE_TYPE_APPLICATION_INFO, .pEngineName = "vyrert", .apiVersion = v->api_version};
    VkInstanceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO, .pApplicationInfo = &app};
    r = v->vk.CreateInstance(&info, NULL, &v->instance);
    if (r == VK_ERROR_INCOMPATIBLE_DRIVER)
        return outcome_fail(o, VYRE_ERROR_DRIVER_MISSING, "no Vulkan driver is installed: install the device's");
    if (r) return vulkan_fail(v, o, r, "vkCreateInstance");
    v->owns_instance = true;
    return load_scope(v, "INSTANCE", o) ? VYRE_OK : o->status;
}

/* -- devices */

struct device_facts {
    VkPhysicalDeviceProperties2 properties;
    VkPhysicalDeviceFloatControlsProperties floats;
    VkPhysicalDeviceDriverProperties driver;
    VkPhysicalDeviceIDProperties ids;
    VkPhysicalDeviceFeatures2 features;
    VkPhysicalDeviceVulkan11Features features11;
    VkPhysicalDeviceVulkan12Features features12;
    VkPhysicalDeviceSubgroupProperties subgroups;
    /* Zeros where the device has neither Vulkan 1.3 nor the extension. */
    VkPhysicalDeviceSubgroupSizeControlProperties sizes;
    VkPhysicalDeviceSubgroupSizeControlFeatures size_control;
    bool is_size_extension; /* not of Vulkan 1.3 */
};

/* Whether pipelines can have full subgroups of 32 lanes that exchange values. */
static bool has_subgroups(const struct device_facts *f)
{
    const VkSubgroupFeatureFlags needed =
        VK_SUBGROUP_FEATURE_BASIC_BIT | VK_SUBGROUP_FEATURE_BALLOT_BIT | VK_SUBGROUP_FEATURE_SHUFFLE_BIT;
    bool has_operations = f->subgroups.supportedStages & VK_SHADER_STAGE_COMPUTE_BIT &&
                          (f->subgroups.supportedOperations & needed) == needed;
    bool has_size = f->sizes.requiredSubgroupSizeStages & VK_SHADER_STAGE_COMPUTE_BIT &&
                    f->sizes.minSubgroupSize <= SUBGROUP_LANES && f->sizes.maxSubgroupSize >= SUBGROUP_LANES;
    return has_operations && has_size && f->size_control.subgroupSizeControl && f->size_control.computeFullSubgroups;
}

static void ask_device(struct vulkan *v, VkPhysicalDevice d, bool has_sizes, struct device_facts *f)
{
    memset(f, 0, sizeof *f);
    f->floats.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FLOAT_CONTROLS_PROPERTIES;
    f->properties.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2;
    f->driver.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES;
    f->ids.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES;
    f->subgroups.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES;
    f->sizes.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_PROPERTIES;
    f->subgroups.pNext = has_sizes ? &f->sizes : NULL;
    f->ids.pNext = &f->subgroups;
    f->driver.pNext = &f->ids;
    f->floats.pNext = &f->driver;
    f->properties.pNext = &f->floats;
    f->size_control.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES;
    f->features12.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES;
    f->features12.pNext = has_sizes ? &f->size_control : NULL;
    f->features11.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES;
    f->features11.pNext = &f->features12;
    f->features.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2;
    f->features.pNext = &f->features11;
    v->vk.GetPhysicalDeviceProperties2(d, &f->properties);
    v->vk.GetPhysicalDeviceFeatures2(d, &f->features);
}

static vyre_status find_extension(vyre_context *c, VkPhysicalDevice d, const char *name, bool *found, struct outcome *o)
{
    struct vulkan *v = c->vulkan;
    uint32_t n = 0;
    VkResult r = v->vk.EnumerateDeviceExtensionProperties(d, NULL, &n, NULL);
    size_t n_bytes = (n + 1) * sizeof(VkExtensionProperties);
    VkExtensionProperties *list = r ? NULL : memory_get(&c->allocator, n_bytes, _Alignof(VkExtensionProperties));
    if (!r && !list) return outcome_fail(o, VYRE_ERROR_OUT_OF_MEMORY, "no memory for the names of extensions");
    if (!r) r = v->vk.EnumerateDeviceExtensionProperties(d, NULL, &n, list);
    if (r == VK_INCOMPLETE) r = VK_SUCCESS;
    for (uint32_t i = 0; i < n && !r; i++)
        *found |= !strcmp(list[i].extensionName, name);
    if (list) memory_put(&c->allocator, list, n_bytes, _Alignof(VkExtensionProperties));
    return r ? vulkan_fail(v, o, r, "vkEnumerateDeviceExtensionProperties") : VYRE_OK;
}

/* Asks again where sizes of subgroups are known: since Vulkan 1.3, or by an extension. */
static vyre_status ask_sizes(vyre_context *c, VkPhysicalDevice d, struct device_facts *f, struct outcome *o)
{
    bool is_core =
        c->vulkan->api_version >= BEST_API_VERSION && f->properties.properties.apiVersion >= BEST_API_VERSION;
    bool is_extension = false;
    vyre_status status = is_core ? VYRE_OK : find_extension(c, d, SIZE_EXTENSION, &is_extension, o);
    if (!status && (is_core || is_extension)) ask_device(c->vulkan, d, true, f);
    f->is_size_extension = is_extension;
    return status;
}

/* A family that computes; one without graphics is less busy. */
static uint32_t find_queue_family(struct vulkan *v, VkPhysicalDevice d)
{
    VkQueueFamilyProperties families[32];
    uint32_t n = 32, found = UINT32_MAX;
    v->vk.GetPhysicalDeviceQueueFamilyProperties(d, &n, families);
    for (uint32_t i = 0; i < n; i++) {
        if (!(families[i].queueFlags & VK_QUEUE_COMPUTE_BIT) || !families[i].queueCount) continue;
        if (found == UINT32_MAX || !(families[i].queueFlags & VK_QUEUE_GRAPHICS_BIT)) found = i;
    }
    uint32_t bits = found == UINT32_MAX ? 0 : families[found].timestampValidBits;
    v->has_timestamps = bits != 0;
    v->timestamp_mask = bits >= 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1;
    return found;
}

/* What every module that we emit declares. NULL: it has all of it. */
static const char *missing_feature(const struct device_facts *f)
{
    return f->properties.properties.apiVersion < API_VERSION ? "Vulkan 1.2" : NULL;
}

/* What only some programs need, or can be done in another way. `without` takes some of it away, to get around a driver's fault. */
static void find_abilities(const struct device_facts *f, const char *without, struct vulkan_abilities *a)
{
    const VkPhysicalDeviceFloatControlsProperties *floats = &f->floats;
    const struct {
        const char *name;
        bool *ability, has;
    } rows[] = {
        {"int64", &a->int64, f->features.features.shaderInt64},
        {"int64_atomics", &a->int64_atomics,
         f->features12.shaderBufferInt64Atomics && f->features12.shaderSharedInt64Atomics},
        {"float32", &a->float32, floats->shaderRoundingModeRTEFloat32 && floats->shaderSignedZeroInfNanPreserveFloat32},
        {"float64", &a->float64,
         f->features.features.shaderFloat64 && floats->shaderRoundingModeRTEFloat64 &&
             floats->shaderSignedZeroInfNanPreserveFloat64},
        {"small_storage", &a->small_storage,
         f->features11.storageBuffer16BitAccess && f->features12.storageBuffer8BitAccess},
        {"addresses", &a->addresses, f->features12.bufferDeviceAddress},
        {"subgroups", &a->subgroups, has_subgroups(f)},
        {"bindings", &a->bindings, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        *rows[i].ability = rows[i].has && !is_listed(without, rows[i].name);
}

/* A device that is software is slower than CPU code: it is used only when Vulkan, or its name, is asked for. */
static vyre_status choose_device(vyre_context *c, const struct settings *s, struct device_facts *f, struct outcome *o)
{
    struct vulkan *v = c->vulkan;
    VkPhysicalDevice devices[MAX_DEVICES];
    const char *wanted = s->device;
    uint32_t n = MAX_DEVICES;
    VkResult r = v->vk.EnumeratePhysicalDevices(v->instance, &n, devices);
    if (r && r != VK_INCOMPLETE) return vulkan_fail(v, o, r, "vkEnumeratePhysicalDevices");
    outcome_fail(o, VYRE_ERROR_NO_DEVICE, n ? "no Vulkan device is called '%s'" : "there is no Vulkan device",
                 wanted ? wanted : "");
    for (uint32_t i = 0; i < n; i++) {
        char number[16];
        ask_device(v, devices[i], false, f);
        snprintf(number, sizeof number, "#%u", i);
        const char *name = f->properties.properties.deviceName, *missing = missing_feature(f);
        if (wanted && strcmp(wanted, number) && (*wanted == '#' || !strcasestr(name, wanted))) continue;
        if (!s->backends && !wanted && f->properties.properties.deviceType == VK_PHYSICAL_DEVICE_TYPE_CPU) {
            outcome_fail(o, VYRE_ERROR_NO_DEVICE, "%s is software, and CPU code is faster: ask for vulkan to use it",
                         name);
            continue;
        }
        v->queue_family = find_queue_family(v, devices[i]);
        if (missing || v->queue_family == UINT32_MAX) {
            outcome_fail(o, VYRE_ERROR_NO_DEVICE, "%s has no %s", name, missing ? missing : "queue that computes");
            continue;
        }
        v->physical = devices[i];
        o->status = VYRE_OK;
        o->message[0] = 0;
        return ask_sizes(c, devices[i], f, o);
    }
    return o->status;
}

/* Everything that changes when the driver or the device does. */
static void note_fingerprint(struct vulkan *v, const struct device_facts *f)
{
    const struct {
        uint32_t vendor, device, driver_version, driver_id, api_version, abilities;
        uint8_t pipeline_cache[VK_UUID_SIZE], driver[VK_UUID_SIZE], unit[VK_UUID_SIZE];
        char info[VK_MAX_DRIVER_INFO_SIZE];
    } p = {.vendor = f->properties.properties.vendorID,
           .device = f->properties.properties.deviceID,
           .driver_version = f->properties.properties.driverVersion,
           .driver_id = f->driver.driverID,
           .api_version = f->properties.properties.apiVersion,
           .abilities = v->abilities.small_storage | v->abilities.int64 << 1 | v->abilities.bindings << 2 |
                        v->abilities.subgroups << 3};
    _Static_assert(sizeof p <= FINGERPRINT_BYTES, "the fingerprint has room for it");
    memcpy(v->fingerprint, &p, sizeof p);
    memcpy(v->fingerprint + offsetof(__typeof__(p), pipeline_cache), f->properties.properties.pipelineCacheUUID,
           VK_UUID_SIZE);
    memcpy(v->fingerprint + offsetof(__typeof__(p), driver), f->ids.driverUUID, VK_UUID_SIZE);
    memcpy(v->fingerprint + offsetof(__typeof__(p), unit), f->ids.deviceUUID, VK_UUID_SIZE);
    memcpy(v->fingerprint + offsetof(__typeof__(p), info), f->driver.driverInfo, sizeof p.info);
}

static vyre_status open_device(struct vulkan *v, const struct device_facts *f, struct outcome *o)
{
    float priority = 1;
    find_abilities(f, secure_getenv(WITHOUT), &v->abilities);
    VkDeviceQueueCreateInfo queue = {.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
                                     .queueFamilyIndex = v->queue_family,
                                     .queueCount = 1,
                                     .pQueuePriorities = &priority};
    VkPhysicalDeviceSubgroupSizeControlFeatures sizes = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES,
        .subgroupSizeControl = VK_TRUE,
        .computeFullSubgroups = VK_TRUE};
    VkPhysicalDeviceVulkan12Features want12 = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
                                               .pNext = v->abilities.subgroups ? &sizes : NULL,
                                               .storageBuffer8BitAccess = v->abilities.small_storage,
                                               .shaderBufferInt64Atomics = v->abilities.int64_atomics,
                                               .shaderSharedInt64Atomics = v->abilities.int64_atomics,
                                               .bufferDeviceAddress = v->abilities.addresses};
    VkPhysicalDeviceVulkan11Features want11 = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES,
                                               .pNext = &want12,
                                               .storageBuffer16BitAccess = v->abilities.small_storage};
    VkPhysicalDeviceFeatures2 want = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
        .pNext = &want11,
        .features = {.shaderInt64 = v->abilities.int64, .shaderFloat64 = v->abilities.float64}};
    VkDeviceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
                               .pNext = &want,
                               .queueCreateInfoCount = 1,
                               .pQueueCreateInfos = &queue,
                               .enabledExtensionCount = v->abilities.subgroups && f->is_size_extension,
                               .ppEnabledExtensionNames = (const char *const[]){SIZE_EXTENSION}};
    VkResult r = v->vk.CreateDevice(v->physical, &info, NULL, &v->device);
    if (r) return vulkan_fail(v, o, r, "vkCreateDevice");
    v->owns_device = true;
    if (!load_scope(v, "DEVICE", o)) return o->status;
    v->vk.GetDeviceQueue(v->device, v->queue_family, 0, &v->queue);
    return VYRE_OK;
}

/* The caller's instance, device and queue: which features the device was made with cannot be asked, so none is relied on. */
static vyre_status use_callers(struct vulkan *v, const struct settings *s, struct device_facts *f, struct outcome *o)
{
    const vyre_native *n = s->native;
    if (!n->vulkan_instance || !n->vulkan_physical_device || !n->vulkan_device || !n->vulkan_queue)
        return outcome_fail(
            o, VYRE_ERROR_INVALID_ARGUMENT,
            "vyre_native: Vulkan's instance, physical device, device and queue belong together: give all");
    v->instance = n->vulkan_instance;
    v->physical = n->vulkan_physical_device;
    v->queue_lock_of_caller = s->queue_lock;
    v->queue_lock_ctx = s->queue_lock_ctx;
    if (!load_scope(v, "INSTANCE", o)) return o->status;
    ask_device(v, v->physical, false, f);
    if (missing_feature(f))
        return outcome_fail(o, VYRE_ERROR_NO_DEVICE, "%s has no %s", f->properties.properties.deviceName,
                            missing_feature(f));
    find_abilities(f, "int64,int64_atomics,float64,small_storage,addresses,subgroups", &v->abilities);
    find_queue_family(v, v->physical); /* for what timestamps are worth */
    v->queue_family = n->vulkan_queue_family;
    v->queue = n->vulkan_queue;
    v->device = n->vulkan_device;
    return load_scope(v, "DEVICE", o) ? VYRE_OK : o->status;
}

static void note_device(struct vulkan *v, const struct device_facts *f)
{
    v->vk.GetPhysicalDeviceMemoryProperties(v->physical, &v->memory_types);
    v->limits = f->properties.properties.limits;
    v->max_subgroups = f->sizes.maxComputeWorkgroupSubgroups;
    v->n_lanes = f->subgroups.subgroupSize ? f->subgroups.subgroupSize : MOST_LANES;
    v->abilities.max_visits = UINT32_MAX;
    note_fingerprint(v, f);
}

/* -- opening and closing */

static vyre_status open_all(vyre_context *c, const struct settings *s, struct outcome *o)
{
    struct vulkan *v = c->vulkan;
    struct device_facts facts;
    bool is_callers = s->native->vulkan_device || s->native->vulkan_instance;
    vyre_status status = open_library(v, o);
    if (!status && is_callers) status = use_callers(v, s, &facts, o);
    if (!status && !is_callers) status = open_instance(v, o);
    if (!status && !is_callers) status = choose_device(c, s, &facts, o);
    if (!status && !is_callers) status = open_device(v, &facts, o);
    if (status) return status;
    note_device(v, &facts);
    status = vulkan_allocate(c, VULKAN_UPLOAD, NOTHING_BYTES, &v->nothing, o);
    if (status) return status;
    memset(v->nothing.mapped, 0, NOTHING_BYTES);
    snprintf(c->device, sizeof c->device, "%.120s", facts.properties.properties.deviceName);
    return VYRE_OK;
}

static void vulkan_close(vyre_context *c)
{
    struct vulkan *v = c->vulkan;
    if (!v) return;
    if (v->vk.DeviceWaitIdle) {
        if (v->owns_device) v->vk.DeviceWaitIdle(v->device); /* every launch has waited for itself */
        vulkan_forget_recordings(c, VK_NULL_HANDLE);
        vulkan_free_jobs(c);
        vulkan_release(c, &v->nothing);
    }
    if (v->owns_device && v->vk.DestroyDevice) v->vk.DestroyDevice(v->device, NULL);
    if (v->owns_instance && v->vk.DestroyInstance) v->vk.DestroyInstance(v->instance, NULL);
    if (v->library) dlclose(v->library);
    pthread_mutex_destroy(&v->lock);
    pthread_mutex_destroy(&v->queue_lock);
    memory_put(&c->allocator, v, sizeof *v, _Alignof(struct vulkan));
    c->vulkan = NULL;
}

static vyre_status vulkan_open(vyre_context *c, const struct settings *s, struct outcome *o)
{
    struct vulkan *v = memory_get(&c->allocator, sizeof *v, _Alignof(struct vulkan));
    if (!v) return outcome_fail(o, VYRE_ERROR_OUT_OF_MEMORY, "no memory for the Vulkan backend");
    memset(v, 0, sizeof *v);
    pthread_mutex_init(&v->queue_lock, NULL);
    pthread_mutex_init(&v->lock, NULL);
    c->vulkan = v;
    vyre_status status = open_all(c, s, o);
    if (status) vulkan_close(c);
    return status;
}

static const char *level_name(const vyre_context *c)
{
    (void)c;
    return "spirv:vulkan1.2";
}

static void copy_fingerprint(const vyre_context *c, uint8_t *bytes)
{
    memcpy(bytes, c->vulkan->fingerprint, FINGERPRINT_BYTES);
}

/* Parts of words are stored by atomics. */
static uint32_t more_needs(const vyre_context *c, uint32_t needs)
{
    uint32_t more = 0;
    if (vulkan_form_of(c->vulkan, needs) != VULKAN_WORDS) return 0;
    if (needs & 1u << VYRE_NEED_SMALL_STORES) more |= 1u << VYRE_NEED_ATOMICS;
    if (needs & 1u << VYRE_NEED_SMALL_LOOP_STORES) more |= 1u << VYRE_NEED_LOOP_ATOMICS;
    return more;
}

static void specialise(vyre_context *c, int which, bool is_exact)
{
    pthread_mutex_lock(&c->vulkan->lock);
    c->vulkan->abilities.exact[which] = is_exact;
    pthread_mutex_unlock(&c->vulkan->lock);
}

/* In each round that a device counts for a group of lanes, one of them at least has come to the start of a loop. */
static void limit_rounds(vyre_context *c, uint32_t most)
{
    pthread_mutex_lock(&c->vulkan->lock);
    c->vulkan->abilities.max_visits = most / c->vulkan->n_lanes;
    pthread_mutex_unlock(&c->vulkan->lock);
}

const struct backend vulkan_backend = {.name = "vulkan",
                                       .id = VYRE_BACKEND_VULKAN,
                                       .open = vulkan_open,
                                       .close = vulkan_close,
                                       .level = level_name,
                                       .load = vulkan_load,
                                       .unload = vulkan_unload,
                                       .run = vulkan_run,
                                       .buffer_create = vulkan_buffer_create,
                                       .buffer_destroy = vulkan_buffer_destroy,
                                       .buffer_copy = vulkan_buffer_copy,
                                       .fingerprint = copy_fingerprint,
                                       .specialise = specialise,
                                       .max_width = vulkan_max_width,
                                       .more_needs = more_needs,
                                       .has_large = vulkan_has_large,
                                       .limit_rounds = limit_rounds,
                                       .buffer_wrap = vulkan_buffer_wrap};
