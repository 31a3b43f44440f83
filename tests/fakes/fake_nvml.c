/* A stand-in for libnvidia-ml.so.1, for tests on machines without a GPU.
 *
 * Written for this project from the public interface of NVML as pynvml calls it; no NVIDIA code.
 *
 *   gcc -shared -fPIC -o DIR/libnvidia-ml.so.1 fake_nvml.c       -DOLD_DRIVER leaves newer calls out
 *   LD_LIBRARY_PATH=DIR FAKE_NVML=state.txt python ...
 *
 * The state file is read again on every call, so a test can replace it (by rename) at any time.
 * A dash stands for a value that the GPU does not tell.
 *
 *   init CODE                                      nvmlInit answers CODE (9: driver not loaded)
 *   driver gone                                    every call answers 9
 *   gpu INDEX UUID BUS TOTAL_MIB USED_MIB LOAD_PERCENT CELSIUS WATTS NAME...
 *   process INDEX PID MIB                          computes
 *   graphics INDEX PID MIB                         draws
 *   mig INDEX                                      split, as yet into nothing
 *   instance INDEX UUID TOTAL_MIB USED_MIB         split; one of its instances
 *   fail INDEX CODE                                every call about that GPU answers CODE (15: lost)
 *   nohandle INDEX CODE                            it can't even be opened
 *   hang INDEX SECONDS                             calls about that GPU take so long; INDEX -1: init does
 *   crash INDEX                                    a call about that GPU ends the process
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OK = 0, INVALID = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6, TOO_SMALL = 7, NOT_LOADED = 9, GPUS = 16, MANY = 128 };
#define MIB 1048576ULL
#define UNKNOWN (-1LL)

struct gpu {
    int there, fail, nohandle, hang, crash, mig;
    char uuid[96], bus[32], name[96];
    long long total, used, load, celsius, watts;
};
struct process { int gpu, draws; unsigned pid; long long mib; };
struct instance { int gpu; char uuid[96]; long long total, used; };
struct handle { int gpu, instance; };

static struct gpu gpus[GPUS];
static struct process processes[MANY];
static struct instance instances[MANY];
static struct handle whole[GPUS];
static int count, process_count, instance_count, init_answer, init_hang, gone;

static long long number(const char *word) { return strcmp(word, "-") ? atoll(word) : UNKNOWN; }

static void read_line(char *line) {
    int i, n = 0, value = 0;
    char a[96], b[96], c[6][24];
    if (sscanf(line, "init %d", &value) == 1) { init_answer = value; return; }
    if (!strncmp(line, "driver gone", 11)) { gone = 1; return; }
    if (sscanf(line, "hang -1 %d", &value) == 1) { init_hang = value; return; }
    if (sscanf(line, "%*s %d", &i) != 1 || i < 0 || i >= GPUS) return;
    struct gpu *g = &gpus[i];
    if (sscanf(line, "gpu %*d %95s %31s %23s %23s %23s %23s %23s %n", a, b, c[0], c[1], c[2], c[3], c[4], &n) == 7) {
        g->there = 1;
        snprintf(g->uuid, sizeof g->uuid, "%s", a);
        snprintf(g->bus, sizeof g->bus, "%.31s", b);
        snprintf(g->name, sizeof g->name, "%.95s", line + n);
        g->total = number(c[0]); g->used = number(c[1]); g->load = number(c[2]);
        g->celsius = number(c[3]); g->watts = number(c[4]);
        if (i + 1 > count) count = i + 1;
    } else if (sscanf(line, "process %*d %d %23s", &value, c[0]) == 2 && process_count < MANY)
        processes[process_count++] = (struct process){i, 0, (unsigned)value, number(c[0])};
    else if (sscanf(line, "graphics %*d %d %23s", &value, c[0]) == 2 && process_count < MANY)
        processes[process_count++] = (struct process){i, 1, (unsigned)value, number(c[0])};
    else if (sscanf(line, "instance %*d %95s %23s %23s", a, c[0], c[1]) == 3 && instance_count < MANY) {
        struct instance *made = &instances[instance_count++];
        made->gpu = i; made->total = number(c[0]); made->used = number(c[1]);
        snprintf(made->uuid, sizeof made->uuid, "%s", a);
        g->mig = 1;
    } else if (sscanf(line, "fail %*d %d", &value) == 1) g->fail = value;
    else if (sscanf(line, "nohandle %*d %d", &value) == 1) g->nohandle = value;
    else if (sscanf(line, "hang %*d %d", &value) == 1) g->hang = value;
    else if (!strncmp(line, "crash ", 6)) g->crash = 1;
    else if (!strncmp(line, "mig ", 4)) g->mig = 1;
}

static int load(void) {
    const char *path = getenv("FAKE_NVML");
    FILE *file = path ? fopen(path, "r") : NULL;
    char line[512];
    if (!file) return NOT_LOADED;
    memset(gpus, 0, sizeof gpus);
    count = process_count = instance_count = init_answer = init_hang = gone = 0;
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\r\n")] = 0;
        read_line(line);
    }
    fclose(file);
    return gone ? NOT_LOADED : OK;
}

/* The GPU of a handle; sleeps, dies or fails as the state says. */
static int pick(void *handle, struct gpu **g) {
    int answer = load();
    if (answer) return answer;
    *g = &gpus[((struct handle *)handle)->gpu];
    if ((*g)->crash) raise(SIGSEGV);
    if ((*g)->hang) sleep((unsigned)(*g)->hang);
    return (*g)->there ? (*g)->fail : 15;
}
static struct instance *instance_of(void *handle) {
    int number = ((struct handle *)handle)->instance;
    return number < 0 || number >= instance_count ? NULL : &instances[number];
}
static int put(char *out, unsigned size, const char *text) {
    if (strlen(text) + 1 > size) return TOO_SMALL;
    strcpy(out, text);
    return OK;
}
static int tell(unsigned *out, long long value) {
    if (value == UNKNOWN) return NOT_SUPPORTED;
    *out = (unsigned)value;
    return OK;
}

int nvmlInitWithFlags(unsigned flags) {
    (void)flags;
    int answer = load();
    if (init_hang) sleep((unsigned)init_hang);
    return answer ? answer : init_answer;
}
int nvmlInit_v2(void) { return nvmlInitWithFlags(0); }
int nvmlShutdown(void) { return OK; }
const char *nvmlErrorString(int code) { (void)code; return "an error of the fake"; }
int nvmlDeviceGetCount_v2(unsigned *out) { int answer = load(); if (!answer) *out = (unsigned)count; return answer; }
int nvmlDeviceGetHandleByIndex_v2(unsigned i, void **out) {
    int answer = load();
    if (answer) return answer;
    if ((int)i >= count || !gpus[i].there) return INVALID;
    if (gpus[i].nohandle) return gpus[i].nohandle;
    whole[i] = (struct handle){(int)i, -1};
    *out = &whole[i];
    return OK;
}
int nvmlDeviceGetName(void *h, char *out, unsigned size) { struct gpu *g; int r = pick(h, &g); return r ? r : put(out, size, g->name); }
int nvmlDeviceGetUUID(void *h, char *out, unsigned size) {
    struct gpu *g; int r = pick(h, &g);
    return r ? r : put(out, size, instance_of(h) ? instance_of(h)->uuid : g->uuid);
}
struct pci { char legacy[16]; unsigned domain, bus, device, id, subsystem; char bus_id[32]; };
int nvmlDeviceGetPciInfo_v3(void *h, struct pci *out) {
    struct gpu *g; int r = pick(h, &g);
    if (r) return r;
    memset(out, 0, sizeof *out);
    return put(out->bus_id, sizeof out->bus_id, g->bus);
}
static int memory(void *h, unsigned long long *total, unsigned long long *used) {
    struct gpu *g; int r = pick(h, &g);
    if (r) return r;
    struct instance *part_of = instance_of(h);
    long long all = part_of ? part_of->total : g->total, taken = part_of ? part_of->used : g->used;
    if (all == UNKNOWN || taken == UNKNOWN) return NOT_SUPPORTED;
    *total = (unsigned long long)all * MIB; *used = (unsigned long long)taken * MIB;
    return OK;
}
struct memory { unsigned long long total, free, used; };
int nvmlDeviceGetMemoryInfo(void *h, struct memory *out) {
    int r = memory(h, &out->total, &out->used);
    if (!r) { out->used += 256 * MIB; out->free = out->total - out->used; }  /* counts what the driver keeps */
    return r;
}
#ifndef OLD_DRIVER
struct memory_v2 { unsigned version; unsigned long long total, reserved, free, used; };
int nvmlDeviceGetMemoryInfo_v2(void *h, struct memory_v2 *out) {
    int r = memory(h, &out->total, &out->used);
    if (!r) { out->reserved = 256 * MIB; out->free = out->total - out->used - out->reserved; }
    return r;
}
#endif
struct load { unsigned gpu, memory; };
int nvmlDeviceGetUtilizationRates(void *h, struct load *out) { struct gpu *g; int r = pick(h, &g); out->memory = 0; return r ? r : tell(&out->gpu, g->load); }
int nvmlDeviceGetTemperature(void *h, unsigned sensor, unsigned *out) { struct gpu *g; int r = pick(h, &g); (void)sensor; return r ? r : tell(out, g->celsius); }
int nvmlDeviceGetPowerUsage(void *h, unsigned *out) { struct gpu *g; int r = pick(h, &g); return r ? r : tell(out, g->watts == UNKNOWN ? UNKNOWN : g->watts * 1000); }

#ifndef OLD_DRIVER
static struct handle part[MANY];
int nvmlDeviceGetMigMode(void *h, unsigned *now, unsigned *later) {
    struct gpu *g; int r = pick(h, &g);
    if (!r) *now = *later = (unsigned)g->mig;
    return r;
}
int nvmlDeviceGetMaxMigDeviceCount(void *h, unsigned *out) { struct gpu *g; int r = pick(h, &g); *out = 7; return r; }
int nvmlDeviceGetMigDeviceHandleByIndex(void *h, unsigned number, void **out) {
    struct gpu *g; int r = pick(h, &g);
    if (r) return r;
    for (int i = 0; i < instance_count; i++)
        if (instances[i].gpu == ((struct handle *)h)->gpu && number-- == 0) {
            part[i] = (struct handle){instances[i].gpu, i};
            *out = &part[i];
            return OK;
        }
    return NOT_FOUND;
}
#endif

struct info { unsigned pid; unsigned long long used; unsigned gpu_instance, compute_instance; };
static int running(void *h, int draws, unsigned *size, struct info *out) {
    struct gpu *g; int r = pick(h, &g);
    unsigned found = 0;
    if (r) return r;
    for (int i = 0; i < process_count; i++) {
        struct process *p = &processes[i];
        if (p->gpu != ((struct handle *)h)->gpu || p->draws != draws) continue;
        if (out && found < *size)
            out[found] = (struct info){p->pid, p->mib == UNKNOWN ? ~0ULL : (unsigned long long)p->mib * MIB, ~0U, ~0U};
        found++;
    }
    r = found > *size || (!out && found) ? TOO_SMALL : OK;
    *size = found;
    return r;
}
#ifndef OLD_DRIVER
int nvmlDeviceGetComputeRunningProcesses_v3(void *h, unsigned *n, struct info *out) { return running(h, 0, n, out); }
int nvmlDeviceGetGraphicsRunningProcesses_v3(void *h, unsigned *n, struct info *out) { return running(h, 1, n, out); }
#endif
int nvmlDeviceGetComputeRunningProcesses_v2(void *h, unsigned *n, struct info *out) { return running(h, 0, n, out); }
int nvmlDeviceGetGraphicsRunningProcesses_v2(void *h, unsigned *n, struct info *out) { return running(h, 1, n, out); }
