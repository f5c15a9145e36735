/*
 * A qemu-user plugin that counts the instructions an emulated program executes inside marked regions.
 *
 * Use:    qemu-aarch64 -plugin count.so,out=FILE ...     (targets/cost builds it with gcc and does this)
 *
 * Marks:  a seek on any file to 0x5155 << 48 | region << 40 | operations. Operations 0 opens the region on the
 *         calling thread; anything else closes it and is added to the region's operations. Only threads between an
 *         open and a close are counted, so compiler and collector threads never are. A region opened inside another
 *         takes over until it is closed; there is no nesting.
 *
 * Report: "region R opened N operations N instructions N", then for each translated block that ran inside R
 *         "block R ADDRESS executions N instructions N bytes HEX", ADDRESS in hexadecimal. A block is counted when it
 *         is entered; one that is left early by a fault (the JVM's implicit null checks) still counts in full.
 *
 * The declarations below are the part of qemu's plugin interface, version 1, that is used; they replace
 * qemu-plugin.h, which Debian does not package.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct plugin_info {
    const char *target;
    struct { int min, cur; } version;
    int system_emulation;
};

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, void (*)(plugin_id, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *, void (*)(unsigned, void *), int, void *);
void qemu_plugin_register_vcpu_syscall_cb(
    plugin_id, void (*)(plugin_id, unsigned, int64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                        uint64_t, uint64_t));
void qemu_plugin_register_atexit_cb(plugin_id, void (*)(plugin_id, void *), void *);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *);

#define API __attribute__((visibility("default")))
#define REGIONS 256
#define MARK 0x5155u

API int qemu_plugin_version = 1;

/* One translation of one block. The same code may be translated again; the reader of the report adds such up. */
struct block {
    struct block *next;
    uint64_t address;
    uint64_t *executions; /* per region; allocated when the block first runs inside one */
    uint32_t instructions, size;
    uint8_t code[];
};

static struct block *blocks;
static uint64_t opened[REGIONS], operations[REGIONS];
static FILE *report;
static int64_t seek_call;
static int seek_is_split; /* 32-bit Arm passes the offset as two halves */

/* The open region of this thread, plus 1; qemu-user runs each guest thread on a thread of its own. */
static __thread unsigned open_region;

static uint64_t *executions_of(struct block *b) {
    uint64_t *fresh = calloc(REGIONS, sizeof *fresh), *none = NULL;
    if (!fresh) abort();
    if (__atomic_compare_exchange_n(&b->executions, &none, fresh, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) return fresh;
    free(fresh);
    return none;
}

static void block_entered(unsigned vcpu, void *data) {
    struct block *b = data;
    uint64_t *executions;
    (void)vcpu;
    if (!open_region) return;
    executions = __atomic_load_n(&b->executions, __ATOMIC_ACQUIRE);
    if (!executions) executions = executions_of(b);
    __atomic_fetch_add(&executions[open_region - 1], 1, __ATOMIC_RELAXED);
}

static void block_translated(plugin_id id, struct qemu_plugin_tb *tb) {
    size_t n = qemu_plugin_tb_n_insns(tb), size = 0, at = 0, i;
    struct block *b;
    (void)id;
    for (i = 0; i < n; i++) size += qemu_plugin_insn_size(qemu_plugin_tb_get_insn(tb, i));
    b = calloc(1, sizeof *b + size);
    if (!b) abort();
    b->address = qemu_plugin_tb_vaddr(tb);
    b->instructions = n;
    b->size = size;
    for (i = 0; i < n; i++) {
        const struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        memcpy(b->code + at, qemu_plugin_insn_data(insn), qemu_plugin_insn_size(insn));
        at += qemu_plugin_insn_size(insn);
    }
    b->next = __atomic_load_n(&blocks, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(&blocks, &b->next, b, 1, __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {}
    qemu_plugin_register_vcpu_tb_exec_cb(tb, block_entered, 0, b);
}

static void system_call(plugin_id id, unsigned vcpu, int64_t number, uint64_t a1, uint64_t a2, uint64_t a3,
                        uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8) {
    uint64_t offset, count;
    unsigned region;
    (void)id, (void)vcpu, (void)a1, (void)a4, (void)a5, (void)a6, (void)a7, (void)a8;
    if (number != seek_call) return;
    offset = seek_is_split ? a2 << 32 | (uint32_t)a3 : a2;
    if (offset >> 48 != MARK) return;
    region = offset >> 40 & 0xff;
    count = offset & 0xffffffffff;
    if (count == 0) {
        __atomic_fetch_add(&opened[region], 1, __ATOMIC_RELAXED);
        open_region = region + 1;
    } else {
        if (open_region == region + 1) __atomic_fetch_add(&operations[region], count, __ATOMIC_RELAXED);
        open_region = 0;
    }
}

static void write_report(plugin_id id, void *data) {
    (void)id, (void)data;
    for (unsigned r = 0; r < REGIONS; r++) {
        uint64_t total = 0;
        if (!opened[r]) continue;
        for (struct block *b = blocks; b; b = b->next)
            if (b->executions) total += b->executions[r] * b->instructions;
        fprintf(report, "region %u opened %llu operations %llu instructions %llu\n", r, (unsigned long long)opened[r],
                (unsigned long long)operations[r], (unsigned long long)total);
        for (struct block *b = blocks; b; b = b->next) {
            if (!b->executions || !b->executions[r]) continue;
            fprintf(report, "block %u %llx executions %llu instructions %u bytes ", r, (unsigned long long)b->address,
                    (unsigned long long)b->executions[r], b->instructions);
            for (uint32_t i = 0; i < b->size; i++) fprintf(report, "%02x", b->code[i]);
            fputc('\n', report);
        }
    }
    fclose(report);
}

API int qemu_plugin_install(plugin_id id, const struct plugin_info *info, int argc, char **argv) {
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "out=", 4) != 0) {
            fprintf(stderr, "count: unknown argument \"%s\"; the only one is out=FILE\n", argv[i]);
            return 1;
        }
        report = fopen(argv[i] + 4, "w");
        if (!report) {
            perror(argv[i] + 4);
            return 1;
        }
    }
    if (!report) {
        fprintf(stderr, "count: out=FILE is missing\n");
        return 1;
    }
    if (strcmp(info->target, "aarch64") == 0) {
        seek_call = 62;
    } else if (strcmp(info->target, "arm") == 0) {
        seek_call = 140;
        seek_is_split = 1;
    } else {
        fprintf(stderr, "count: target %s is neither aarch64 nor arm\n", info->target);
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, block_translated);
    qemu_plugin_register_vcpu_syscall_cb(id, system_call);
    qemu_plugin_register_atexit_cb(id, write_report, NULL);
    return 0;
}
