#Requires -Version 5.1
#Requires -RunAsAdministrator
<#
.SYNOPSIS
Makes this machine trust an organisation's certificate authorities, or takes that back.

.DESCRIPTION
Adds the certificates of this release to the machine's stores (Root, CA, and Disallowed for those that must not be
trusted), and takes away what an earlier release of this script has added and this one no longer has. It notes what it
has added below HKEY_LOCAL_MACHINE\SOFTWARE\trustpack\Scripts: what was there before, or came by other ways, is never
removed. Running it again changes nothing.

.PARAMETER Remove
Takes away all that this script has added, whatever the release.

.EXAMPLE
powershell -NoProfile -ExecutionPolicy Bypass -File .\trust.ps1 -WhatIf
#>
[CmdletBinding(SupportsShouldProcess)]
param([switch] $Remove)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$Package = @'
{"package": "demo-ca-certs", "organisation": "Demo Corporation", "release": "20260102", "certificates": [
{"store": "Root", "thumbprint": "EB6793925A006996E3D3DEC7ED67177615261B90", "label": "Demo Root EC",
"certificate": "MIIBkjCCATmgAwIBAgIUGUNZzDWvEFjUJI8f6EhFxC+2SCUwCgYIKoZIzj0EAwIwFzEVMBMGA1UEAwwMRGVtbyBSb290IEVDMB4XDTI2MDEwMTAwMDAwMFoXDTQ5MTIzMTAwMDAwMFowFzEVMBMGA1UEAwwMRGVtbyBSb290IEVDMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE1Lyb+6ZFHkELu8GtMZG5Ul+cmKcFL8xIGkdxKZelM1lnkXv2eT9bvzXxJolFs5HM/f0rrdFpoC0jRIytOIscsqNjMGEwDwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8EBAMCAQYwHQYDVR0OBBYEFLv3vsMCtkq2Hz4If9Zt+UR9RDaNMB8GA1UdIwQYMBaAFLv3vsMCtkq2Hz4If9Zt+UR9RDaNMAoGCCqGSM49BAMCA0cAMEQCIFTdqQnnUyc71mtf37sctXA2Dewzgv44rCRnXpJc/T6JAiAA8vXt6BEFexzWlBZbviCseOZKNEgMezMV6/TG3Sl10w=="},
{"store": "Root", "thumbprint": "76454CD335C71F5565A25192B3966043A23470B6", "label": "Demo Root RSA",
"certificate": "MIIEITCCAomgAwIBAgIUbb8xtP4p+s0X/LdrPy42IdwA4MMwDQYJKoZIhvcNAQELBQAwGDEWMBQGA1UEAwwNRGVtbyBSb290IFJTQTAeFw0yNjAxMDEwMDAwMDBaFw00OTEyMzEwMDAwMDBaMBgxFjAUBgNVBAMMDURlbW8gUm9vdCBSU0EwggGiMA0GCSqGSIb3DQEBAQUAA4IBjwAwggGKAoIBgQCEr01rMpY9zGP1LIoFF4uQnfkhz9CxWqsZKFQXZsExPc3bwoFuhLpub5K4C566wGA/Vrs3f2QoldZ0NzTOAB6syVssuOnLu/LuIwJZovcwtZeztXkwb6Y7UP4jlSoTTe279hn4c/M8iUth3FSK9rfT8WHnxs9GFLb/yMAg1CtQ+xRWk8CcItMUeied/KA8yeJiEfB+WOjytKcr03Us6IdtcIET5Q6/s8ruHU2XR1VDifC+IyOMu0mgwRz39y5KbX0yleXog9RuhalunxwzZKEc0z4eHI9jPUjdJY3gGAmbe3S1VEXZNZpORk5UIRE3TOY6RiVCEEVn+qZqW6Caf2K6uE02bM/49sHqgxF055arCMRm5vPn4EzDpt9opXaOvjlLG3JEN4WvXXQl6ZfrM0JVh+lmZ3RC6md6E547XVIxzuC3HjMJBeTJ6bKxgRMoEjrUidKhf+3PGRy4sNSLIkGK4kRgJJm9jRzjUXI8OxA31h6ETRUrRXL+4ghtWQD6T5MCAwEAAaNjMGEwDwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8EBAMCAQYwHQYDVR0OBBYEFDCa2x9cJ3tXMms0dYmr6c4idyEWMB8GA1UdIwQYMBaAFDCa2x9cJ3tXMms0dYmr6c4idyEWMA0GCSqGSIb3DQEBCwUAA4IBgQAMTsfXLcQo0o7+0lbKaYOUVWX3PwtmcEz+VFE4Jf1+STnqMi5v59PY0hkMMuFM9fhQt2XczfqtKXLDdpG6xJ9KYrUFaJWsJUVpxeP30S3XAR7K7UAOWbEtD4BDcqff+nf6qNAll/ShVygDK82CXGNQFro9OvA8rxCTlZh6xXfQA1PX8n67/BEeqUWvcUfmH2C9E5tl6UBXn8/Ga+kdEh13NS95Xr290nT5U4O/Vn5VxGyTbFsMV2X9IqFgArsoeB3n0hklIFqeJorICP5LBogZT+hTq1N2rxtAhxAON2JXMtB8iU7tFhuLJlmVaz51R34mLiTl4a7700qYhKrAjebzXchPaWldak7CBOi71TmEkmwyxuUy0HvJwTlPEsOUsm121Peqh/VjrULX/Jk4+vFMXxpbQhfyl5NcyH10jtmTUx4k2mtcoDc2/DI6K6G+dkeNCHyGDCoVPHxjkPdgCaeqCNwiGUD99Xqos0UoCsoOc4wtY4X/FAZ2s1HAwKprOA0="}
]}
'@ | ConvertFrom-Json

# What every package of this kind has added: a key for each, with a value for each certificate.
$Notes = 'SOFTWARE\trustpack\Scripts'
$Own = "$Notes\$($Package.package)"

function Open-Hive {
    # As 64-bit programs see it: Intune starts scripts in a 32-bit PowerShell.
    [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64')
}

function Get-NoteName([string] $Path) {
    # Return "STORE\THUMBPRINT" of each certificate that the package of this key has added.
    $hive = Open-Hive
    $key = $hive.OpenSubKey("$Path\Certificates")
    if ($null -ne $key) { $key.GetValueNames(); $key.Close() }
    $hive.Close()
}

function Get-OtherNoteName {
    # The same of every other organisation's package.
    $hive = Open-Hive
    $key = $hive.OpenSubKey($Notes)
    $names = if ($null -ne $key) { $key.GetSubKeyNames(); $key.Close() }
    $hive.Close()
    foreach ($name in $names) {
        if ($name -ne $Package.package) { Get-NoteName "$Notes\$name" }
    }
}

function Get-NotedRelease {
    $hive = Open-Hive
    $key = $hive.OpenSubKey($Own)
    if ($null -ne $key) { $key.GetValue('Release'); $key.Close() }
    $hive.Close()
}

function Set-Note([string] $SubKey, [string] $Name, [string] $Value) {
    $hive = Open-Hive
    $key = $hive.CreateSubKey("$Own$SubKey")
    $key.SetValue($Name, $Value)
    $key.Close()
    $hive.Close()
}

function Clear-Note([string] $Name) {
    $hive = Open-Hive
    $key = $hive.OpenSubKey("$Own\Certificates", $true)
    if ($null -ne $key) { $key.DeleteValue($Name, $false); $key.Close() }
    $hive.Close()
}

function Clear-Package {
    # Forget the package, and the keys above it that nobody else needs.
    $hive = Open-Hive
    $hive.DeleteSubKeyTree($Own, $false)
    foreach ($path in $Notes, 'SOFTWARE\trustpack') {
        $key = $hive.OpenSubKey($path)
        if ($null -eq $key) { continue }
        $isEmpty = $key.SubKeyCount -eq 0 -and $key.ValueCount -eq 0
        $key.Close()
        if ($isEmpty) { $hive.DeleteSubKey($path, $false) }
    }
    $hive.Close()
}

function Open-Store([string] $Name, [string] $Flags) {
    $store = [System.Security.Cryptography.X509Certificates.X509Store]::new($Name, 'LocalMachine')
    $store.Open($Flags)
    $store
}

function Find-Certificate([string] $Note) {
    # Return the certificates that a store has by this name, of whichever source: policies are such a one.
    $name, $thumbprint = $Note.Split('\')
    $store = Open-Store $name 'ReadOnly'
    $store.Certificates | Where-Object { $_.Thumbprint -eq $thumbprint }
    $store.Close()
}

function Add-Certificate($Entry) {
    $bytes = [Convert]::FromBase64String($Entry.certificate)
    $certificate = [System.Security.Cryptography.X509Certificates.X509Certificate2]::new($bytes)
    if ($certificate.Thumbprint -ne $Entry.thumbprint) { throw "$($Entry.thumbprint): is damaged" }
    $store = Open-Store $Entry.store 'ReadWrite'
    $store.Add($certificate)
    $store.Close()
}

function Remove-Certificate([string] $Note) {
    # From the part of the store that is the machine's own: by now a policy may bring the same one in its part.
    $name, $thumbprint = $Note.Split('\')
    $hive = Open-Hive
    $hive.DeleteSubKey("SOFTWARE\Microsoft\SystemCertificates\$name\Certificates\$thumbprint", $false)
    $hive.Close()
}

function Test-Newer([string] $Release, [string] $Other) {
    # Tell whether a release is newer than another: numbers, with dots between them.
    $one = @($Release.Split('.')) + '0', '0'
    $two = @($Other.Split('.')) + '0', '0'
    for ($i = 0; $i -lt [Math]::Min($one.Count, $two.Count); $i++) {
        if ([long] $one[$i] -ne [long] $two[$i]) { return [long] $one[$i] -gt [long] $two[$i] }
    }
    $false
}

$noted = @(Get-NoteName $Own)
$others = @(Get-OtherNoteName)
$wanted = @()

if (-not $Remove) {
    $before = Get-NotedRelease
    if ($before -and (Test-Newer $before $Package.release)) {
        throw "$($Package.package): release $before is here, which is newer than $($Package.release); -Remove takes it away"
    }
    foreach ($entry in $Package.certificates) {
        $note = "$($entry.store)\$($entry.thumbprint)"
        $wanted += $note
        $isThere = @(Find-Certificate $note).Count -gt 0
        if ($isThere -and $noted -notcontains $note -and $others -notcontains $note) {
            Write-Verbose "$note ($($entry.label)): is there already, and stays when this package goes"
            continue
        }
        if ($isThere -and $noted -contains $note) { continue }
        if ($PSCmdlet.ShouldProcess("$note ($($entry.label))", 'Add certificate')) {
            # In this order: what is noted and missing does no harm, and what is there without a note would stay.
            Set-Note '\Certificates' $note $Package.release
            if (-not $isThere) { Add-Certificate $entry }
        }
    }
}

foreach ($note in $noted) {
    if ($wanted -contains $note) { continue }
    if ($PSCmdlet.ShouldProcess($note, 'Remove certificate')) {
        if ($others -notcontains $note) { Remove-Certificate $note }
        Clear-Note $note
    }
}

if ($PSCmdlet.ShouldProcess("HKEY_LOCAL_MACHINE\$Own", 'Note the release')) {
    if ($Remove) { Clear-Package } else { Set-Note '' 'Release' $Package.release }
}
