# SPDX-License-Identifier: GPL-2.0
# What the headers of the kernel being built for have; see compat.h.

ftcp-has = $(if $(shell grep -sE $(2) $(srctree)/include/$(1)),-D$(3))

ccflags-y += $(if $(wildcard $(srctree)/include/net/gso.h),-DHAVE_NET_GSO_H)
ccflags-y += $(call ftcp-has,linux/netdevice.h,'[[:space:]]lltx:1;',HAVE_NETDEV_LLTX)
ccflags-y += $(call ftcp-has,linux/netdevice.h,'[[:space:]]netns_immutable:1;',HAVE_NETDEV_NETNS_IMMUTABLE)
ccflags-y += $(call ftcp-has,linux/netdevice.h,'[[:space:]]netns_local:1;',HAVE_NETDEV_NETNS_LOCAL)
ccflags-y += $(call ftcp-has,linux/netdevice.h,tcx_egress,HAVE_TCX)
ccflags-y += $(call ftcp-has,net/rtnetlink.h,'struct rtnl_newlink_params',HAVE_RTNL_NEWLINK_PARAMS)
ccflags-y += $(call ftcp-has,linux/timer.h,'define timer_container_of',HAVE_TIMER_CONTAINER_OF)
ccflags-y += $(call ftcp-has,linux/hrtimer.h,'[[:space:]]hrtimer_setup\>',HAVE_HRTIMER_SETUP)
ccflags-y += $(call ftcp-has,linux/net.h,'kernel_bind.*struct sockaddr_unsized',HAVE_SOCKADDR_UNSIZED)
ccflags-y += $(call ftcp-has,linux/sysctl.h,'proc_handler.const struct ctl_table',HAVE_CONST_CTL_TABLE)
ccflags-y += $(call ftcp-has,net/net_namespace.h,register_net_sysctl_sz,HAVE_NET_SYSCTL_SZ)
ccflags-y += $(call ftcp-has,net/genetlink.h,genl_info_dump,HAVE_GENL_INFO_DUMP)

# Of the generated file: kernels before 6.9 declare struct nla_policy.range
# without const; the table of multicast groups is of no use outside of it.
CFLAGS_module/netlink_gen.o := $(call cc-option,-Wno-discarded-qualifiers) \
			       $(call cc-option,-Wno-unused-const-variable)
