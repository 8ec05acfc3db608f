# frozen_string_literal: true

# Lets Typhoeus trust the CA certificates beside this file. It speaks TLS through libcurl, which reads neither
# Ruby's stores nor a variable, but one file: so this gives it the machine's public roots and these in one.

require 'tempfile'
require 'typhoeus'
require_relative 'trust'

ca = Object.const_get(File.basename(__dir__).split('_').map(&:capitalize).join)

if ca.activate!
  # The file lives as long as this object, which the callback keeps.
  bundle = Tempfile.new([File.basename(__dir__), '.pem'])
  bundle.write(ca.merged_pem)
  bundle.close

  Typhoeus.before do |request|
    request.options[:cainfo] = bundle.path unless request.options.key?(:cainfo) || request.options.key?(:capath)
    true
  end
end
