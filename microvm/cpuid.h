/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_MICROVM_CPUID_H
#define HULL_MICROVM_CPUID_H

/* What a vCPU says about itself: all that KVM supports, with its own place among COUNT others. */
#include "microvm/kvm.h"

/* 0 or a negative errno with a message. */
int cpuid_set(const struct kvm *kvm, int vcpu_fd, unsigned int number, unsigned int count);

#endif
