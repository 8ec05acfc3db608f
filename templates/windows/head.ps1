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

