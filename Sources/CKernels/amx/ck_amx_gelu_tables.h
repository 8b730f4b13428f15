// Parabolas for GELU and its slope (ck_amx_gelu.h), fitted for the least maximum error: of |z| near k/6.125 for k from 0 to 31, coefficients
// by rising powers, first for tanh's form and then for erf's.

#ifndef CK_AMX_GELU_TABLES_H
#define CK_AMX_GELU_TABLES_H

// p: GELU is z·(½ ± p).
static const float ck_gelu_p[2][3][32] __attribute__((aligned(64))) = {
    {
        {
            -0x1.300c40p-20f, -0x1.e1d40cp-13f, -0x1.06487ep-9f, -0x1.8f9702p-8f,
            -0x1.8a64e6p-7f, -0x1.2690f8p-6f, -0x1.598ffcp-6f, -0x1.29eec8p-6f,
            -0x1.adb750p-8f, 0x1.f9783cp-7f, 0x1.88d3eap-5f, 0x1.6fb860p-4f,
            0x1.1ba82cp-3f, 0x1.8753c2p-3f, 0x1.f445c8p-3f, 0x1.2e3de6p-2f,
            0x1.5d98e4p-2f, 0x1.869da8p-2f, 0x1.a8893ap-2f, 0x1.c355a2p-2f,
            0x1.d78facp-2f, 0x1.e62360p-2f, 0x1.f028eap-2f, 0x1.f6b98cp-2f,
            0x1.fad136p-2f, 0x1.fd3dccp-2f, 0x1.fe9a98p-2f, 0x1.ff5452p-2f,
            0x1.ffb1dep-2f, 0x1.ffde5ep-2f, 0x1.fff256p-2f, 0x1.000000p-1f,
        },
        {
            0x1.98c5d8p-2f, 0x1.9d8704p-2f, 0x1.ac4d42p-2f, 0x1.c0ef7ep-2f,
            0x1.d65d68p-2f, 0x1.e71b16p-2f, 0x1.ee6126p-2f, 0x1.e8ed18p-2f,
            0x1.d59a66p-2f, 0x1.b53f38p-2f, 0x1.8a580ap-2f, 0x1.586450p-2f,
            0x1.2339a6p-2f, 0x1.dcdeb0p-3f, 0x1.79edb0p-3f, 0x1.21cc38p-3f,
            0x1.adb73cp-4f, 0x1.33bee4p-4f, 0x1.a945e8p-5f, 0x1.1b1a24p-5f,
            0x1.6a943ap-6f, 0x1.bdf474p-7f, 0x1.06eaaap-7f, 0x1.28a9bcp-8f,
            0x1.3fbf14p-9f, 0x1.48963ap-10f, 0x1.415e48p-11f, 0x1.2a96c4p-12f,
            0x1.07129cp-13f, 0x1.b6ca54p-15f, 0x1.59c36ep-16f, 0x0.0p+0f,
        },
        {
            -0x1.0bbceep-7f, -0x1.07f0a8p-5f, -0x1.fadcf4p-5f, -0x1.634518p-4f,
            -0x1.aee8a4p-4f, -0x1.dd0116p-4f, -0x1.ed9b1ap-4f, -0x1.e39e98p-4f,
            -0x1.c44002p-4f, -0x1.95ba78p-4f, -0x1.5e73f2p-4f, -0x1.242dcap-4f,
            -0x1.d70ac2p-5f, -0x1.6f7f3cp-5f, -0x1.15a17ap-5f, -0x1.962ef2p-6f,
            -0x1.1f94cap-6f, -0x1.89cecep-7f, -0x1.0475dcp-7f, -0x1.4c5940p-8f,
            -0x1.987178p-9f, -0x1.e2a266p-10f, -0x1.11aef6p-10f, -0x1.295c92p-11f,
            -0x1.34f336p-12f, -0x1.325eaep-13f, -0x1.216e94p-14f, -0x1.04014ap-15f,
            -0x1.bb61ecp-17f, -0x1.662932p-18f, -0x1.1199a8p-19f, 0x0.0p+0f,
        },
    },
    {
        {
            -0x1.2e90c60p-20f, -0x1.dfb0a20p-13f, -0x1.0576480p-9f, -0x1.8f3fb40p-8f,
            -0x1.8b65fe0p-7f, -0x1.28bd000p-6f, -0x1.5e887e0p-6f, -0x1.321e020p-6f,
            -0x1.d5d7640p-8f, 0x1.e8668a0p-7f, 0x1.87a35e0p-5f, 0x1.71c2620p-4f,
            0x1.1e46220p-3f, 0x1.8b65940p-3f, 0x1.f937920p-3f, 0x1.30b8d20p-2f,
            0x1.5fa3aa0p-2f, 0x1.87e18a0p-2f, 0x1.a8df3c0p-2f, 0x1.c2ca360p-2f,
            0x1.d6574a0p-2f, 0x1.e486a40p-2f, 0x1.ee70240p-2f, 0x1.f51dd60p-2f,
            0x1.f975a60p-2f, 0x1.fc30080p-2f, 0x1.fdd81a0p-2f, 0x1.fed1280p-2f,
            0x1.ff5eb80p-2f, 0x1.ffaca00p-2f, 0x1.ffd6280p-2f, 0x1.0000000p-1f,
        },
        {
            0x1.98c5860p-2f, 0x1.9d813a0p-2f, 0x1.ac3bd00p-2f, 0x1.c0deb40p-2f,
            0x1.d66ccc0p-2f, 0x1.e772be0p-2f, 0x1.ef1c9e0p-2f, 0x1.ea09f40p-2f,
            0x1.d6e8480p-2f, 0x1.b66b6e0p-2f, 0x1.8b05e40p-2f, 0x1.584dc20p-2f,
            0x1.2249240p-2f, 0x1.d990580p-3f, 0x1.75d2f20p-3f, 0x1.1dacf80p-3f,
            0x1.a6d9c60p-4f, 0x1.2f2f720p-4f, 0x1.a55b660p-5f, 0x1.1bdb160p-5f,
            0x1.72e3e80p-6f, 0x1.d618da0p-7f, 0x1.2112d40p-7f, 0x1.590ad80p-8f,
            0x1.8fcd720p-9f, 0x1.c1cbae0p-10f, 0x1.eb6e0c0p-11f, 0x1.04c0880p-11f,
            0x1.0ccea80p-12f, 0x1.0d3c580p-13f, 0x1.0608f60p-14f, 0x0.0p+0f,
        },
        {
            -0x1.0a6cfe0p-7f, -0x1.06b63c0p-5f, -0x1.f8dba40p-5f, -0x1.6244280p-4f,
            -0x1.ae55fa0p-4f, -0x1.dd32140p-4f, -0x1.eeaab80p-4f, -0x1.e566c20p-4f,
            -0x1.c659860p-4f, -0x1.97a4a20p-4f, -0x1.5fbbf80p-4f, -0x1.2490f00p-4f,
            -0x1.d600560p-5f, -0x1.6d0ddc0p-5f, -0x1.12758a0p-5f, -0x1.8fcda20p-6f,
            -0x1.1a49580p-6f, -0x1.82a3240p-7f, -0x1.00ef1c0p-7f, -0x1.4b7cb20p-8f,
            -0x1.9f49080p-9f, -0x1.f955a20p-10f, -0x1.2ab32c0p-10f, -0x1.57220e0p-11f,
            -0x1.7f189c0p-12f, -0x1.9fc1640p-13f, -0x1.b6a4e00p-14f, -0x1.c1f8340p-15f,
            -0x1.c0d8940p-16f, -0x1.b3688e0p-17f, -0x1.9aca0a0p-18f, 0x0.0p+0f,
        },
    },
};

// q: the slope is ½ ± q.
static const float ck_gelu_q[2][3][32] __attribute__((aligned(64))) = {
    {
        {
            -0x1.2f9ce0p-18f, -0x1.db11ecp-11f, -0x1.f1372ap-8f, -0x1.5f5d3ap-6f,
            -0x1.2fb510p-5f, -0x1.5f28fcp-5f, -0x1.90bf8ap-6f, 0x1.ef68e8p-6f,
            0x1.0377fep-3f, 0x1.0bb242p-2f, 0x1.b0a3a0p-2f, 0x1.2f4fc6p-1f,
            0x1.81092cp-1f, 0x1.c4de14p-1f, 0x1.f4ca5ap-1f, 0x1.070c88p+0f,
            0x1.08af32p+0f, 0x1.00f02ep+0f, 0x1.e4ab88p-1f, 0x1.bf7e32p-1f,
            0x1.97cf44p-1f, 0x1.720e9ep-1f, 0x1.513b4ap-1f, 0x1.36d2f8p-1f,
            0x1.230a52p-1f, 0x1.153076p-1f, 0x1.0c1c30p-1f, 0x1.068894p-1f,
            0x1.0352bcp-1f, 0x1.01976ap-1f, 0x1.00b772p-1f, 0x1.000000p-1f,
        },
        {
            0x1.990736p-1f, 0x1.a26b8ap-1f, 0x1.be6282p-1f, 0x1.e17638p-1f,
            0x1.fde89ap-1f, 0x1.0339c2p+0f, 0x1.f1df4cp-1f, 0x1.bd65a2p-1f,
            0x1.6ce778p-1f, 0x1.098870p-1f, 0x1.3e4188p-2f, 0x1.cc123ap-4f,
            -0x1.db4de2p-5f, -0x1.8162bep-3f, -0x1.17f586p-2f, -0x1.42f4c8p-2f,
            -0x1.484b9ap-2f, -0x1.316554p-2f, -0x1.088e94p-2f, -0x1.aea9c0p-3f,
            -0x1.4ae938p-3f, -0x1.e1387ap-4f, -0x1.4b748ep-4f, -0x1.b09b52p-5f,
            -0x1.0b6226p-5f, -0x1.38d31ep-6f, -0x1.5a0fc4p-7f, -0x1.69961cp-8f,
            -0x1.64687ap-9f, -0x1.4af95ap-10f, -0x1.212c24p-11f, 0x0.0p+0f,
        },
        {
            -0x1.0b8dbcp-5f, -0x1.05e026p-3f, -0x1.ec9ea0p-3f, -0x1.4d4accp-2f,
            -0x1.7feeb0p-2f, -0x1.8c3608p-2f, -0x1.75bc6cp-2f, -0x1.448cd2p-2f,
            -0x1.02edecp-2f, -0x1.76aaeep-3f, -0x1.dab44ap-4f, -0x1.da7f60p-5f,
            -0x1.988d36p-7f, 0x1.3f8b32p-6f, 0x1.3eb292p-5f, 0x1.87c11ep-5f,
            0x1.907646p-5f, 0x1.6e9ca6p-5f, 0x1.3580f0p-5f, 0x1.e8a496p-6f,
            0x1.6b433ap-6f, 0x1.fe8606p-7f, 0x1.53b0e0p-7f, 0x1.ac4eb2p-8f,
            0x1.ffa37ep-9f, 0x1.215ce4p-9f, 0x1.35a9d8p-10f, 0x1.393368p-11f,
            0x1.2b0a00p-12f, 0x1.0d2eb4p-13f, 0x1.c843dap-15f, 0x0.0p+0f,
        },
    },
    {
        {
            -0x1.2e23e20p-18f, -0x1.d914500p-11f, -0x1.f023620p-8f, -0x1.5fe9fa0p-6f,
            -0x1.3214760p-5f, -0x1.65ff3c0p-5f, -0x1.a8fc9e0p-6f, 0x1.d369500p-6f,
            0x1.01c0340p-3f, 0x1.0d43720p-2f, 0x1.b5d6900p-2f, 0x1.33bd680p-1f,
            0x1.867cc60p-1f, 0x1.c9dcce0p-1f, 0x1.f7ab620p-1f, 0x1.06d3860p+0f,
            0x1.06a7ea0p+0f, 0x1.faf76a0p-1f, 0x1.dc6b340p-1f, 0x1.b7a5b80p-1f,
            0x1.91cfc20p-1f, 0x1.6eb0ba0p-1f, 0x1.508b340p-1f, 0x1.3849be0p-1f,
            0x1.25d70e0p-1f, 0x1.18808c0p-1f, 0x1.0f4c5e0p-1f, 0x1.0937fa0p-1f,
            0x1.055d960p-1f, 0x1.0304ba0p-1f, 0x1.01a4680p-1f, 0x1.0000000p-1f,
        },
        {
            0x1.9906940p-1f, 0x1.a2609c0p-1f, 0x1.be48ae0p-1f, 0x1.e17a8c0p-1f,
            0x1.fe60d80p-1f, 0x1.03d6ea0p+0f, 0x1.f3d6f60p-1f, 0x1.bf98700p-1f,
            0x1.6e62b20p-1f, 0x1.0945e40p-1f, 0x1.390dd00p-2f, 0x1.a625980p-4f,
            -0x1.1c60240p-4f, -0x1.96ff640p-3f, -0x1.1ef0340p-2f, -0x1.4452680p-2f,
            -0x1.43f28a0p-2f, -0x1.28cd0c0p-2f, -0x1.fc25200p-3f, -0x1.9ac0120p-3f,
            -0x1.3ba17c0p-3f, -0x1.cf3c600p-4f, -0x1.45b08a0p-4f, -0x1.b7d8d60p-5f,
            -0x1.1dcaa60p-5f, -0x1.65e40c0p-6f, -0x1.b0689a0p-7f, -0x1.f88de00p-8f,
            -0x1.1c85e20p-8f, -0x1.365f8a0p-9f, -0x1.47ab660p-10f, 0x0.0p+0f,
        },
        {
            -0x1.0a3edc0p-5f, -0x1.04b1520p-3f, -0x1.eae9aa0p-3f, -0x1.4cb5a40p-2f,
            -0x1.8022000p-2f, -0x1.8d71380p-2f, -0x1.77cbda0p-2f, -0x1.46d6520p-2f,
            -0x1.04a3a20p-2f, -0x1.77964c0p-3f, -0x1.d6816a0p-4f, -0x1.c816040p-5f,
            -0x1.3bfd140p-7f, 0x1.6a791e0p-6f, 0x1.4d3db40p-5f, 0x1.8cd1720p-5f,
            0x1.8c7c520p-5f, 0x1.64503c0p-5f, 0x1.288b0e0p-5f, 0x1.d018a00p-6f,
            0x1.58862c0p-6f, 0x1.e812960p-7f, 0x1.4b2c960p-7f, 0x1.afbe980p-8f,
            0x1.0eed880p-8f, 0x1.47ded00p-9f, 0x1.7f164e0p-10f, 0x1.b0997c0p-11f,
            0x1.d888840p-12f, 0x1.f39e8e0p-13f, 0x1.ffa2ce0p-14f, 0x0.0p+0f,
        },
    },
};

#endif
